"""What attacks in Python begin with: system calls by name, and what the kernel answered to each."""

import ctypes
import errno
import os
import platform
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
sys.stdout.reconfigure(line_buffering=True)

# Numbers on x86_64 and on aarch64, written down here once more so that the filter's own table is not its judge.
NUMBERS = {
    "accept": (43, 202), "acct": (163, 89), "add_key": (248, 217), "bpf": (321, 280), "capset": (126, 91),
    "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112), "clone": (56, 220),
    "clone3": (435, 435), "delete_module": (176, 106), "fanotify_init": (300, 262), "finit_module": (313, 273),
    "fsopen": (430, 430), "init_module": (175, 105), "io_uring_setup": (425, 425), "ioctl": (16, 29),
    "ioperm": (173, None), "iopl": (172, None), "ioprio_set": (251, 30), "kcmp": (312, 272),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219), "modify_ldt": (154, None),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429), "move_pages": (279, 239),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "pivot_root": (155, 41), "prctl": (157, 167), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "ptrace": (101, 117), "quotactl": (179, 60), "reboot": (169, 142), "request_key": (249, 218),
    "sched_setscheduler": (144, 119), "setdomainname": (171, 162), "setfsuid": (122, 151), "setgroups": (116, 159),
    "sethostname": (170, 161), "setns": (308, 268), "setresgid": (119, 149), "setresuid": (117, 147),
    "settimeofday": (164, 170), "setuid": (105, 146), "shmat": (30, 196), "shmget": (29, 194), "socket": (41, 198),
    "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97),
    "userfaultfd": (323, 282), "vhangup": (153, 58), "vmsplice": (278, 75),
}
COLUMN = 1 if platform.machine() == "aarch64" else 0


def call(number, *args):
    """Makes a system call, by name or number: `done`, or the name of the error."""
    if isinstance(number, str):
        number = NUMBERS[number][COLUMN]
    words = [a if isinstance(a, (bytes, ctypes.Array, ctypes.Structure)) else ctypes.c_ulong(a) for a in args]
    words = [ctypes.byref(w) if isinstance(w, ctypes.Structure) else w for w in words]
    ctypes.set_errno(0)
    return "done" if libc.syscall(ctypes.c_long(number), *words) != -1 else name_of(ctypes.get_errno())


def answer(work):
    """What came of it: `won`, or the name of the error."""
    try:
        work()
        return "won"
    except OSError as error:
        return name_of(error.errno)


def put(path, text):
    """Writes at once, so that what the kernel says of it is heard."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def name_of(number):
    return errno.errorcode.get(number, str(number))


def until(holds):
    """Waits for a condition for as long as the step may run."""
    while not holds():
        time.sleep(0.01)


def words_of(name):
    """A variable that holds numbers."""
    return [int(word) for word in os.environ[name].split()]
