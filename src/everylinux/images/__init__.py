"""Where a root filesystem comes from: cache, tarball, registry, or a Debian mirror."""

from everylinux.images.chain import gather, providers, rootfs_dir
from everylinux.images.store import RootStore

__all__ = ["RootStore", "gather", "providers", "rootfs_dir"]
