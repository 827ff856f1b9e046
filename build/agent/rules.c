/* What every command gets before it starts: a persona, no new executable pages, a filter of system
 * calls. Set once by the host; a command that cannot get all of it does not start. */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/filter.h, linux/seccomp.h and linux/prctl.h, which a musl tool chain may lack. */
struct instruction { uint16_t code; uint8_t if_true, if_false; uint32_t k; };
struct program { unsigned short size; struct instruction *code; };
#define PROGRAM_LIMIT 4096 /* BPF_MAXINSNS */
#define BPF_RETURN 0x06
#define RET_USER_NOTIF 0x7fc00000u
#define FILTER_NEW_LISTENER 8 /* SECCOMP_FILTER_FLAG_NEW_LISTENER, Linux 5.0 */
#define SET_MDWE 65           /* PR_SET_MDWE, Linux 6.3 */
#ifndef SYS_seccomp
#define SYS_seccomp (sizeof(void *) == 8 ? 317 : 354) /* Linux 3.17 */
#endif

static struct { struct program program; unsigned long persona; uint64_t options; int notifies; } rules;

static int take_program(const struct field *field) {
    size_t size = field->size / sizeof(struct instruction);
    if (size == 0 || size > PROGRAM_LIMIT || field->size % sizeof(struct instruction)) return EINVAL;
    rules.program.code = grab(field->size);
    memcpy(rules.program.code, field->data, field->size);
    rules.program.size = (unsigned short)size;
    for (size_t i = 0; i < size; i++)
        if (rules.program.code[i].code == BPF_RETURN && rules.program.code[i].k == RET_USER_NOTIF)
            rules.notifies = 1;
    return 0;
}

static int take(const struct field *field) {
    switch (field->tag) {
    case T_FLOOR: return take_program(field);
    case T_PERSONALITY: rules.persona = (unsigned long)field_number(field); return 0;
    case T_OPTIONS: rules.options = field_number(field); return rules.options & ~(uint64_t)O_MDWE ? EINVAL : 0;
    default: return ENOTSUP; /* a rule that is not kept must not look kept */
    }
}

void rules_set(struct frame *frame) {
    struct field field;
    int error = 0;
    free(rules.program.code);
    memset(&rules, 0, sizeof rules);
    while (error == 0 && frame_next(frame, &field)) error = take(&field);
    if (error) die("rules that cannot be kept");
    answer_begin(DONE, frame->id);
    answer_send();
}

static int filter(void) {
    if (!rules.notifies) return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &rules.program, 0, 0);
    long listener = syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, FILTER_NEW_LISTENER, &rules.program);
    return listener < 0 ? -1 : watch_take((int)listener);
}

const char *rules_apply(void) {
    if (rules.persona && personality(rules.persona) < 0) return "personality";
    if ((rules.options & O_MDWE) && prctl(SET_MDWE, 1 /* PR_MDWE_REFUSE_EXEC_GAIN */, 0, 0, 0) < 0)
        return "mdwe";
    if (rules.program.size && filter() < 0) return "seccomp";
    return NULL;
}
