package template

import (
	"math/big"
	"net/netip"
	"strconv"
)

const cidrShape = "Template error: Fn::Cidr requires a list argument with two or three elements: an IP block, a count from 1 to 256, and the number of subnet bits"

// cidr computes Fn::Cidr: count blocks inside the given one, each with bits
// host bits.
func (r *resolver) cidr(n, arg *Node) (*Node, error) {
	if !arg.IsList() || len(arg.Items) < 2 || len(arg.Items) > 3 {
		return nil, errorf(n.Position, cidrShape)
	}
	var texts [3]string
	complete := true
	for i, item := range arg.Items {
		s, ok, err := r.text(item, cidrShape)
		if err != nil {
			return nil, err
		}
		texts[i] = s
		complete = complete && ok
	}
	if !complete {
		return r.unknown(n), nil
	}
	block, err := netip.ParsePrefix(texts[0])
	if err != nil {
		return nil, errorf(n.Position, "Template error: every Fn::Cidr object requires a valid CIDR block, %s is none", texts[0])
	}
	count, err := strconv.Atoi(texts[1])
	if err != nil || count < 1 || count > 256 {
		return nil, errorf(n.Position, cidrShape)
	}
	width, bits := 32, 8
	if block.Addr().Is6() {
		width, bits = 128, 64
	}
	if len(arg.Items) == 3 {
		if bits, err = strconv.Atoi(texts[2]); err != nil || bits < 1 || bits >= width {
			return nil, errorf(n.Position, cidrShape)
		}
	}
	return r.blocks(n, block.Masked(), count, bits, width)
}

func (r *resolver) blocks(n *Node, block netip.Prefix, count, bits, width int) (*Node, error) {
	size := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	room := new(big.Int).Lsh(big.NewInt(1), uint(width-block.Bits()))
	need := new(big.Int).Mul(size, big.NewInt(int64(count)))
	if need.Cmp(room) > 0 {
		return nil, errorf(n.Position, "Template error: %s has no room for %d blocks of %d bits", block, count, bits)
	}
	at := new(big.Int).SetBytes(block.Addr().AsSlice())
	list := &Node{Kind: Sequence, Position: n.Position}
	for range count {
		addr, _ := netip.AddrFromSlice(at.FillBytes(make([]byte, width/8)))
		list.Items = append(list.Items, Text(netip.PrefixFrom(addr, width-bits).String()).At(n.Position))
		at.Add(at, size)
	}
	return list, nil
}
