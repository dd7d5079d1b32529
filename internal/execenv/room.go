package execenv

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// setUpRooms finds out what keeps functions apart here. It tells what is
// missing, and fails if that must not be.
func (p *Pool) setUpRooms() error {
	if p.cfg.Isolation == sandbox.Off {
		if p.cfg.NoNetwork {
			return fmt.Errorf("functions cannot be kept from the network with isolation off")
		}
		p.log.Warn("isolation is off: functions see the files and processes of this machine")
		return nil
	}
	found, err := sandbox.Probe()
	p.rooms = err == nil
	if p.rooms {
		var why error
		if p.cgroups, why = sandbox.OpenCgroups(); why != nil {
			p.log.Debug("memory of functions is looked at, not bounded by the kernel", slog.Any("reason", why))
		}
	}
	missing := found.Missing()
	if len(missing) == 0 {
		return nil
	}
	switch {
	case p.cfg.Isolation == sandbox.Require:
		return fmt.Errorf("isolation is required, and this system does not have: %s%s", strings.Join(missing, ", "), because(err))
	case p.cfg.NoNetwork && !p.rooms:
		return fmt.Errorf("functions cannot be kept from the network without namespaces%s", because(err))
	}
	p.log.Warn("functions run without some protections", slog.String("off", strings.Join(missing, ", ")), slog.Any("error", err))
	return nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// room returns what a process sees of the machine; nil if that is all.
func (p *Pool) room(in *interpreter) *sandbox.Room {
	if !p.rooms {
		return nil
	}
	r := &sandbox.Room{NoNetwork: p.cfg.NoNetwork, Localhost: p.localhost(), Shown: []sandbox.Bind{{Source: p.runtimeDir(), Target: runtimeDir}}}
	if in != nil {
		r.Shown = append(r.Shown, in.places()...)
	}
	return r
}

// localhost returns an address of the loopback for one room, so that the
// extensions of two environments can listen on the same port of
// sandbox.localdomain.
func (p *Pool) localhost() string {
	if p.cfg.NoNetwork {
		return "127.0.0.1" // of the room's own
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.localhosts++
	n := p.localhosts
	return netip.AddrFrom4([4]byte{127, byte(64 | n>>16&63), byte(n >> 8), byte(n)}).String() //nolint:gosec // parts of it
}

// places are the folders of the interpreter that are not the system's. Those
// that a room's own folders would hide are shown as Lambda's /var/lang.
func (in *interpreter) places() []sandbox.Bind {
	paths := []string{in.path}
	// That of a virtual environment leads to another.
	if real, err := filepath.EvalSymlinks(in.path); err == nil && real != in.path {
		paths = append(paths, real)
	}
	home, _ := os.UserHomeDir()
	var places []sandbox.Bind
	for i, path := range paths {
		prefix := filepath.Dir(filepath.Dir(path))
		switch {
		case prefix == "/" || prefix == "/usr" || strings.HasPrefix(prefix, "/usr/"):
		case home != "" && strings.HasPrefix(home+"/", prefix+"/"):
			// A program in somebody's ~/bin: not the whole home.
			places = append(places, sandbox.Bind{Source: path, Target: path})
		case i == 0 && hidden(prefix):
			places = append(places, sandbox.Bind{Source: prefix, Target: langDir})
		default:
			places = append(places, sandbox.Bind{Source: prefix, Target: prefix})
		}
	}
	// Linux distributions keep the settings of Java below /etc.
	if settings, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(filepath.Dir(in.path)), "lib", "jvm.cfg")); err == nil && in.family == java {
		if dir := filepath.Dir(settings); strings.HasPrefix(dir, "/etc/") {
			places = append(places, sandbox.Bind{Source: dir, Target: dir})
		}
	}
	return places
}

// hidden reports whether a room has something else at the path.
func hidden(path string) bool {
	for _, dir := range []string{"/tmp", optRoot, taskRoot, runtimeDir, "/proc", "/dev", "/etc"} {
		if path == dir || strings.HasPrefix(path, dir+"/") {
			return true
		}
	}
	return false
}

// shown returns where a process sees a path of the interpreter.
func (p *Pool) shown(in *interpreter, path string) string {
	prefix := filepath.Dir(filepath.Dir(in.path))
	if rest, ok := strings.CutPrefix(path, prefix); p.rooms && ok && hidden(prefix) {
		return langDir + rest
	}
	return path
}

// furniture is what the environment brings into a room.
func (e *environment) furniture(l layout) *sandbox.Furniture {
	if !e.pool.rooms {
		return nil
	}
	f := &sandbox.Furniture{Binds: []sandbox.Bind{{Source: l.code, Target: taskRoot}}, TmpBytes: min(e.fn.tmpBytes(), mostTmp()), Tmp: e.tmp}
	// Files in /tmp are memory too. What the function itself may have is looked
	// at, because Lambda does not count them.
	f.MemoryBytes = int64(e.fn.memoryMB())<<20 + f.TmpBytes + roomOverhead
	if len(e.fn.Layers) > 0 {
		f.Binds = append(f.Binds, sandbox.Bind{Source: l.layers, Target: optRoot})
	}
	return f
}

// roomOverhead is what the first process of a room and the kernel need.
const roomOverhead = 64 << 20

// keepTmp notes the /tmp of the environment's newest process, which the next
// one gets.
func (e *environment) keepTmp(tmp *os.File) {
	if tmp == nil {
		return
	}
	e.closeTmp()
	e.tmp = tmp
}

func (e *environment) closeTmp() {
	if e.tmp != nil {
		_ = e.tmp.Close()
		e.tmp = nil
	}
}

func (fn *Function) tmpBytes() int64 {
	if fn.TmpMB == 0 {
		return 512 << 20
	}
	return int64(fn.TmpMB) << 20
}
