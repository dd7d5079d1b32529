package instance

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// buildNetwork opens the loopback, which has the metadata service's address too,
// and the listeners for metadata, gateway and control plane.
func (s *stageSettings) buildNetwork() ([]*os.File, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return nil, err
	}
	up.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, up); err != nil {
		return nil, os.NewSyscallError("loopback", err)
	}
	for _, step := range []struct {
		call    uint
		address net.IP
	}{{unix.SIOCSIFADDR, net.ParseIP(metadataAddress)}, {unix.SIOCSIFNETMASK, net.IPv4bcast}} {
		alias, err := unix.NewIfreq("lo:1")
		if err != nil {
			return nil, err
		}
		if err := alias.SetInet4Addr(step.address.To4()); err != nil {
			return nil, err
		}
		if err := unix.IoctlIfreq(fd, step.call, alias); err != nil {
			return nil, os.NewSyscallError("metadata address", err)
		}
	}
	var files []*os.File
	for _, address := range []string{metadataAddress + ":80", gatewayAddress + ":443", controlAddress + ":443"} {
		f, err := listenInside(address)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	// What is accepted there has it too: an answer goes no further than on EC2.
	err = unix.SetsockoptInt(int(files[0].Fd()), unix.IPPROTO_IP, unix.IP_TTL, s.HopLimit)
	return files, os.NewSyscallError("hop limit", err)
}

// listenInside opens a listener, to be passed out.
func listenInside(address string) (*os.File, error) {
	config := net.ListenConfig{}
	config.SetMultipathTCP(false) // it knows no hop limit
	l, err := config.Listen(context.Background(), "tcp4", address)
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener).File() //nolint:forcetypeassert // of a network of that name
}

// buildEgress makes the interface that packets leave by, and the listener of the
// streams among them. The interface has EC2's size of packets.
func buildEgress(address string) ([]*os.File, error) {
	own, err := netip.ParseAddr(address)
	if err != nil || !own.Is4() {
		return nil, fmt.Errorf("%q is not the instance's private IPv4 address", address)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	device, err := unix.NewIfreq("eth0")
	if err != nil {
		return nil, err
	}
	device.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, device); err != nil {
		return nil, os.NewSyscallError("make eth0", err)
	}
	if err := raise(own); err != nil {
		return nil, err
	}
	if err := defaultRoute("eth0"); err != nil {
		return nil, err
	}
	streams, err := listenInside(netip.AddrPortFrom(own, 0).String())
	return []*os.File{os.NewFile(uintptr(fd), "eth0"), streams}, err
}

// raise gives the interface its address and size of packets, and opens it.
func raise(own netip.Addr) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	for _, step := range []struct {
		call uint
		set  func(*unix.Ifreq) error
	}{
		{unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(own.AsSlice()) }},
		{unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(net.IPv4bcast.To4()) }},
		{unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(9001); return nil }},
		{unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }},
	} {
		r, err := unix.NewIfreq("eth0")
		if err != nil {
			return err
		}
		if err := step.set(r); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(socket, step.call, r); err != nil {
			return os.NewSyscallError("set up eth0", err)
		}
	}
	return nil
}

// defaultRoute leads everything without another route to an interface.
func defaultRoute(name string) error {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("netlink", err)
	}
	defer unix.Close(fd)
	order := binary.NativeEndian
	m := order.AppendUint32(nil, unix.SizeofNlMsghdr+unix.SizeofRtMsg+8)
	m = order.AppendUint16(m, unix.RTM_NEWROUTE)
	m = order.AppendUint16(m, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE)
	m = append(m, make([]byte, 8)...) // sequence and port
	m = append(m, unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0)
	m = order.AppendUint16(m, 8)
	m = order.AppendUint16(m, unix.RTA_OIF)
	m = order.AppendUint32(m, uint32(i.Index)) //nolint:gosec // small
	if err := unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("default route", err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil || n < unix.SizeofNlMsghdr+4 {
		return os.NewSyscallError("default route", err)
	}
	if code := int32(order.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 { //nolint:gosec // it is one
		return os.NewSyscallError("default route", unix.Errno(-code)) //nolint:gosec // errors are small
	}
	return nil
}
