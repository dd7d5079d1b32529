// Package fdpass sends messages with file descriptors between hakone and the
// stage of itself that it runs in namespaces, over a socket pair that keeps
// messages apart (SOCK_SEQPACKET).
package fdpass

import (
	"encoding/json"
	"errors"

	"golang.org/x/sys/unix"
)

// maxMessage bounds a message.
const maxMessage = 128 << 10

// Send sends v as JSON with descriptors, which stay the caller's.
func Send(fd int, v any, files ...int) error {
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

// Receive reads one message into v and returns its descriptors, at most eight,
// which are the caller's and closed on exec. When the other side is gone, the
// error is [unix.EPIPE].
func Receive(fd int, v any) ([]int, error) {
	buf, oob := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(8*4))
	var n, oobn int
	for {
		var err error
		n, oobn, _, _, err = unix.Recvmsg(fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		break
	}
	if n == 0 {
		return nil, unix.EPIPE
	}
	var files []int
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
			files = append(files, fds...)
		}
	}
	return files, json.Unmarshal(buf[:n], v)
}
