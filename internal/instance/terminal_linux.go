package instance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Console returns the caller's terminal, which passes every key on until restore
// is called; nil if stdin is none.
func Console(stdin *os.File) (t *Terminal, restore func()) {
	fd := int(stdin.Fd())
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return nil, func() {}
	}
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, func() {}
	}
	changes, sizes := make(chan os.Signal, 1), make(chan [2]uint16)
	signal.Notify(changes, syscall.SIGWINCH)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-changes:
			}
			if now, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err == nil {
				select {
				case sizes <- [2]uint16{now.Row, now.Col}:
				case <-done:
					return
				}
			}
		}
	}()
	return &Terminal{Rows: size.Row, Columns: size.Col, Resize: sizes}, func() {
		signal.Stop(changes)
		close(done)
		_ = term.Restore(fd, before)
	}
}

// attach connects the command's input and output with its terminal.
func (s *session) attach(master *os.File) {
	s.output = make(chan struct{})
	go func() {
		defer close(s.output)
		_, _ = io.Copy(s.command.Stdout, master) // ends with EIO when nobody has the other side
	}()
	go func() { _, _ = io.Copy(master, s.command.Stdin) }()
	done := make(chan struct{})
	if s.command.Terminal.Resize != nil {
		go func() {
			for {
				select {
				case size, ok := <-s.command.Terminal.Resize:
					if !ok {
						return
					}
					_ = resize(master, size[0], size[1])
				case <-done:
					return
				}
			}
		}()
	}
	s.stops = append(s.stops, func() {
		close(done)
		_ = master.Close()
	})
}

func resize(terminal *os.File, rows, columns uint16) error {
	conn, err := terminal.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { // not Fd: it may be closed meanwhile
		failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
	})
	return errors.Join(err, failed)
}

// openTerminal makes a terminal in the namespace's own file system of them.
func openTerminal(rows, columns uint16) (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/pts/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, os.NewSyscallError("unlock terminal", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		return nil, nil, os.NewSyscallError("number of terminal", err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := slave.Chown(userID, userID); err != nil {
		return nil, nil, err
	}
	return master, slave, resize(master, rows, columns)
}
