package sandbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// family returns the ids of the processes in the room, beside the first one:
// all that it started, and what those started.
func (p *Process) family() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil
	}
	var all []int
	for next := []int{p.pid}; len(next) > 0 && len(all) < 10_000; next = next[1:] {
		found := children(next[0])
		all, next = append(all, found...), append(next, found...)
	}
	if p.room == nil {
		all = append(all, p.pid)
	}
	return all
}

// children returns the ids of the processes that a process started, those of all
// its threads. It is asked while calls wait.
func children(pid int) (found []int) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		return nil // ended meanwhile
	}
	defer dir.Close()
	threads, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	at := int(dir.Fd())
	for _, thread := range threads {
		fd, err := unix.Openat(at, thread+"/children", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue // ended meanwhile
		}
		var text []byte
		for buf := make([]byte, 4096); ; {
			n, err := unix.Read(fd, buf)
			if n <= 0 || err != nil {
				break
			}
			text = append(text, buf[:n]...)
		}
		_ = unix.Close(fd)
		for field := range bytes.FieldsSeq(text) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}

// Memory returns the memory that the process and what it started have for
// themselves, in bytes; 0 if that is not known.
func (p *Process) Memory() int64 {
	var pages int64
	for _, pid := range p.family() {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			continue // ended meanwhile
		}
		var size, resident, shared int64
		if _, err := fmt.Sscan(string(text), &size, &resident, &shared); err == nil {
			pages += resident - shared
		}
	}
	return pages * int64(os.Getpagesize())
}

// OwnMemory is Memory with pages that processes share counted once: what a
// process and its forks have in common. It takes much longer: what it has not
// looked at within limit it takes to be like the rest.
func (p *Process) OwnMemory(limit time.Duration) int64 {
	var total int64
	began, family := time.Now(), p.family()
	for i, pid := range family {
		if i > 0 && time.Since(began) > limit {
			return total / int64(i) * int64(len(family))
		}
		dir := "/proc/" + strconv.Itoa(pid)
		text, err := os.ReadFile(dir + "/smaps_rollup") //nolint:gosec // in /proc
		if err != nil {
			continue // ended meanwhile
		}
		_, rest, found := strings.Cut(string(text), "Pss_Anon:")
		if !found {
			return p.Memory() // an old kernel
		}
		figure, _, _ := strings.Cut(rest, " kB")
		if kb, err := strconv.ParseInt(strings.TrimSpace(figure), 10, 64); err == nil {
			total += kb << 10
		}
	}
	return total
}

// Holds reports whether the other end of a TCP connection on the loopback is a
// socket of the process or of what it started. Without a room it does not tell
// processes apart.
func (p *Process) Holds(conn net.Conn) bool {
	if p.room == nil {
		return true
	}
	theirs, ok1 := conn.RemoteAddr().(*net.TCPAddr)
	ours, ok2 := conn.LocalAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return false
	}
	inode := socketBetween(theirs, ours)
	if inode == "" {
		return false
	}
	return p.sockets()[inode]
}

// socketBetween returns the inode of the socket at from that is connected to
// to, both IPv4 addresses; "" if there is none.
func socketBetween(from, to *net.TCPAddr) string {
	// Some programs, such as Java's, speak IPv4 on IPv6 sockets.
	for _, table := range []struct{ file, prefix string }{{"tcp", ""}, {"tcp6", mappedPrefix}} {
		text, err := os.ReadFile("/proc/net/" + table.file)
		if err != nil {
			continue // no IPv6
		}
		// sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode
		a, b := []byte(table.prefix+tableAddress(from)), []byte(table.prefix+tableAddress(to))
		for line := range bytes.Lines(text) {
			f := bytes.Fields(line)
			if len(f) > 9 && bytes.Equal(f[1], a) && bytes.Equal(f[2], b) {
				return string(f[9])
			}
		}
	}
	return ""
}

// listens reports whether everything that listens on the address, or where
// nothing does on the port of all addresses, belongs to the process or to what
// it started.
func (p *Process) listens(addr *net.TCPAddr) bool {
	own := p.sockets()
	port := fmt.Sprintf(":%04X", addr.Port)
	for _, at := range []string{tableAddress(addr), "00000000" + port, strings.Repeat("0", 32) + port} {
		inodes := listeners(at)
		for _, inode := range inodes {
			if !own[inode] {
				return false
			}
		}
		if len(inodes) > 0 {
			return true
		}
	}
	return false
}

// listeners returns the inodes of the sockets that listen at an address as the
// tables have it.
func listeners(at string) (inodes []string) {
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile("/proc/net/" + table) //nolint:gosec // one of two
		if err != nil {
			continue // no IPv6
		}
		for line := range bytes.Lines(text) {
			f := bytes.Fields(line)
			if len(f) > 9 && string(f[1]) == at && string(f[3]) == "0A" {
				inodes = append(inodes, string(f[9]))
			}
		}
	}
	return inodes
}

// sockets returns the inodes of the sockets that the process and what it
// started have open.
func (p *Process) sockets() map[string]bool {
	own := map[string]bool{}
	for _, pid := range p.family() {
		links, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
		for _, link := range links {
			if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "socket:[") {
				own[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
			}
		}
	}
	return own
}

// mappedPrefix is ::ffff:, as tableAddress would write it.
var mappedPrefix = fmt.Sprintf("%016X%08X", 0, binary.NativeEndian.Uint32([]byte{0, 0, 0xff, 0xff}))

// tableAddress is an address as /proc/net/tcp has it: the bytes of the machine's
// word.
func tableAddress(a *net.TCPAddr) string {
	ip := a.IP.To4()
	if ip == nil {
		return ""
	}
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip), a.Port)
}

// PeakMemory returns the most memory that the process, or one that it started,
// had resident at once, in bytes; 0 if that is not known.
func (p *Process) PeakMemory() int64 {
	var most int64
	for _, pid := range p.family() {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			continue // ended meanwhile
		}
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		text, _, _ := strings.Cut(rest, " kB")
		if kb, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			most = max(most, kb<<10)
		}
	}
	return most
}
