package sandbox

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// deniedCalls answer EPERM: they change the machine, look into other processes
// or make new namespaces, which a function has no business with on Lambda
// either.
var deniedCalls = []uint32{
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_QUOTACTL, unix.SYS_NFSSERVCTL, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_VHANGUP, unix.SYS_FANOTIFY_INIT,
}

// newNamespaces are the flags of clone that make namespaces.
const newNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// Offsets in what a filter sees of a call.
const (
	callNumber = 0
	callArch   = 4
	callArg0   = 16 // its low half
)

// callFilter returns the filter for this machine; nil where we have none.
func callFilter() []unix.SockFilter {
	var arch uint32
	switch runtime.GOARCH {
	case "amd64":
		arch = unix.AUDIT_ARCH_X86_64
	case "arm64":
		arch = unix.AUDIT_ARCH_AARCH64
	default:
		return nil
	}
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atMost = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		bits   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		give   = unix.BPF_RET | unix.BPF_K
		refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	f := []unix.SockFilter{
		{Code: load, K: callArch},
		{Code: equal, K: arch, Jt: 1},
		{Code: give, K: refuse},
		{Code: load, K: callNumber},
	}
	when := func(nr, action uint32) {
		f = append(f, unix.SockFilter{Code: equal, K: nr, Jf: 1}, unix.SockFilter{Code: give, K: action})
	}
	if runtime.GOARCH == "amd64" { // the x32 calls
		f = append(f, unix.SockFilter{Code: atMost, K: 0x40000000, Jf: 1}, unix.SockFilter{Code: give, K: absent})
	}
	for _, nr := range deniedCalls {
		when(nr, refuse)
	}
	// A filter cannot look at what clone3 gets; without it libraries use clone.
	when(unix.SYS_CLONE3, absent)
	f = append(
		f,
		unix.SockFilter{Code: equal, K: unix.SYS_CLONE, Jf: 4},
		unix.SockFilter{Code: load, K: callArg0},
		unix.SockFilter{Code: bits, K: newNamespaces, Jf: 1},
		unix.SockFilter{Code: give, K: refuse},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW},
		// Sockets to other machines' hypervisors and into the kernel's ciphers.
		unix.SockFilter{Code: equal, K: unix.SYS_SOCKET, Jf: 4},
		unix.SockFilter{Code: load, K: callArg0},
		unix.SockFilter{Code: equal, K: unix.AF_VSOCK, Jt: 1},
		unix.SockFilter{Code: equal, K: unix.AF_ALG, Jf: 1},
		unix.SockFilter{Code: give, K: refuse},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW},
	)
	return f
}
