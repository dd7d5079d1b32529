//go:build !linux

package sandbox

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// RoomAPI is where the Runtime API is in a room without network.
const RoomAPI = "127.0.0.1:9001"

var errNoRooms = errors.New("only Linux has what keeps a function apart")

type room struct{}

func startStage(*Command, *syscall.SysProcAttr, []*os.File) (*os.Process, *room, error) {
	return nil, nil, errNoRooms
}

func (*room) begin(*Command, string, []string, *Protections) error { return errNoRooms }

func (*room) furnish(Furniture) error { return errNoRooms }

func (*room) takeTmp() *os.File { return nil }

func (*room) takeAPI() net.Listener { return nil }

func (*room) signal(int, syscall.Signal, bool) {}

func (*room) end() (syscall.WaitStatus, bool) { return 0, false }

// Probe reports whether rooms can be had here, and which protections there are,
// with a room or else without.
func Probe() (Protections, error) {
	return Protections{CleanEnvironment: true, ProcessGroup: true}, errNoRooms
}

// Memory returns 0: it is not known here.
func (p *Process) Memory() int64 { return 0 }

// OwnMemory returns 0: it is not known here.
func (p *Process) OwnMemory(time.Duration) int64 { return 0 }

// Holds reports whether the other end of a TCP connection on the loopback is a
// socket of the process or of what it started. Here processes are not told
// apart.
func (p *Process) Holds(net.Conn) bool { return true }

// Release fails: there are no rooms here.
func (p *Process) Release(Command) error { return errNoRooms }

// Join starts another process.
func (p *Process) Join(c Command) (*Process, error) { return Start(c) }

// Dial connects to an address of the loopback.
func (p *Process) Dial(addr *net.TCPAddr) (net.Conn, error) { return net.DialTCP("tcp4", nil, addr) }

// Cgroups is of no use here.
type Cgroups struct{}

// OpenCgroups fails: only Linux has control groups.
func OpenCgroups() (*Cgroups, error) { return nil, errNoRooms }

// CheckCgroups fails like OpenCgroups.
func CheckCgroups() error { return errNoRooms }

func (*Cgroups) make(uint64) (*cgroup, error) { return nil, errNoRooms }

type cgroup struct{}

func (*cgroup) bound(int64) error { return errNoRooms }

func (*cgroup) killed() bool { return false }

func (*cgroup) close() {}

func (*cgroup) remove() {}
