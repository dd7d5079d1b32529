package instance

import (
	"encoding/json"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// maxMessage bounds the messages between a stage and its parent.
const maxMessage = 16 << 10

// send sends one message with descriptors.
func send(fd int, v any, files ...int) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	for {
		err = unix.Sendmsg(fd, text, oob, nil, unix.MSG_NOSIGNAL)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// receive receives one message with its descriptors.
func receive(fd int, v any) ([]*os.File, error) {
	buf, oob := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4*4))
	var n, oobn int
	for {
		var err error
		n, oobn, _, _, err = unix.Recvmsg(fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, os.NewSyscallError("recvmsg", err)
		}
		break
	}
	if n == 0 {
		return nil, unix.EPIPE
	}
	var files []*os.File
	if oobn > 0 {
		list, err := unix.ParseSocketControlMessage(oob[:oobn])
		if err != nil {
			return nil, err
		}
		for i := range list {
			fds, err := unix.ParseUnixRights(&list[i])
			if err != nil {
				return nil, err
			}
			for _, fd := range fds {
				files = append(files, os.NewFile(uintptr(fd), "passed"))
			}
		}
	}
	return files, json.Unmarshal(buf[:n], v)
}
