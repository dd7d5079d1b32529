package ec2

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A GroupRule is one rule of a security group: one protocol and range of ports,
// from or to one place.
type GroupRule struct {
	ID          string // sgr-…
	GroupID     string
	Egress      bool
	Protocol    string // "tcp", "udp", "icmp", "icmpv6", a number, or "-1" for all
	FromPort    int    // -1: all
	ToPort      int
	Description string

	// One of these is set.
	CIDR, CIDRv6, PrefixListID, PeerGroupID string
}

// Rules lists the rules of a security group: those of the group itself, in their
// order, then those that are resources of their own.
func (s *Service) Rules(groupID string) []GroupRule {
	var list []GroupRule
	group, ours := s.resources.Get(groupID)
	var p groupProperties
	if !ours || group.Type != typeGroup || group.Properties.Decode(&p) != nil {
		if s.isDefaultGroup(groupID) {
			list = append(list, GroupRule{GroupID: groupID, Protocol: "-1", FromPort: -1, ToPort: -1, PeerGroupID: groupID})
			list = append(list, allEgress(groupID))
		}
		return numbered(list)
	}
	for i := range p.SecurityGroupIngress {
		list = append(list, s.places(&p.SecurityGroupIngress[i], groupID, false)...)
	}
	for i := range p.SecurityGroupEgress {
		list = append(list, s.places(&p.SecurityGroupEgress[i], groupID, true)...)
	}
	for _, record := range s.resources.All() {
		egress := record.Type == typeGroupEgress
		var own ruleProperties
		if !egress && record.Type != typeGroupIngress || record.Properties.Decode(&own) != nil {
			continue
		}
		if own.GroupId == groupID || own.GroupId == "" && own.GroupName == group.Attributes["GroupName"] {
			entry := own.rule()
			for _, r := range s.places(&entry, groupID, egress) {
				r.ID = record.ID
				list = append(list, r)
			}
		}
	}
	if !slices.ContainsFunc(list, func(r GroupRule) bool { return r.Egress }) {
		list = append(list, allEgress(groupID)) // what every group has until it has a rule of its own
	}
	return numbered(list)
}

func allEgress(groupID string) GroupRule {
	return GroupRule{GroupID: groupID, Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, CIDR: "0.0.0.0/0"}
}

// numbered gives rules that are not resources ids, which stay.
func numbered(list []GroupRule) []GroupRule {
	for i := range list {
		if r := &list[i]; r.ID == "" {
			sum := sha256.Sum256(fmt.Append(nil, *r))
			r.ID = "sgr-" + hex.EncodeToString(sum[:])[:17]
		}
	}
	return list
}

// places makes a rule for every place that an entry names.
func (s *Service) places(r *rule, groupID string, egress bool) []GroupRule {
	base := GroupRule{GroupID: groupID, Egress: egress, Protocol: protocolName(r.IpProtocol), FromPort: -1, ToPort: -1, Description: r.Description}
	if base.Protocol != "-1" && r.FromPort != nil {
		base.FromPort = *r.FromPort
		base.ToPort = base.FromPort
		if r.ToPort != nil {
			base.ToPort = *r.ToPort
		}
	}
	var list []GroupRule
	add := func(set func(*GroupRule)) {
		one := base
		set(&one)
		list = append(list, one)
	}
	if r.CidrIp != "" {
		add(func(g *GroupRule) { g.CIDR = masked(r.CidrIp) })
	}
	if r.CidrIpv6 != "" {
		add(func(g *GroupRule) { g.CIDRv6 = masked(r.CidrIpv6) })
	}
	if id := cmp.Or(r.SourcePrefixListId, r.DestinationPrefixListId); id != "" {
		add(func(g *GroupRule) { g.PrefixListID = id })
	}
	if id := cmp.Or(r.SourceSecurityGroupId, r.DestinationSecurityGroupId, s.groupNamed(r.SourceSecurityGroupName)); id != "" {
		add(func(g *GroupRule) { g.PeerGroupID = id })
	}
	return list
}

func masked(block string) string {
	if p, err := netip.ParsePrefix(block); err == nil {
		return p.Masked().String()
	}
	return block
}

// protocolName writes the protocols that have names with them, as EC2 shows them.
func protocolName(text string) string {
	text = strings.ToLower(text)
	names := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
	return cmp.Or(names[text], text)
}

func (s *Service) groupNamed(name string) string {
	for id, r := range s.resources.All() {
		if name != "" && r.Type == typeGroup && r.Attributes["GroupName"] == name {
			return id
		}
	}
	return ""
}

// isDefaultGroup reports whether a group is the one that a VPC came with.
func (s *Service) isDefaultGroup(groupID string) bool {
	for _, r := range s.resources.All() {
		if r.Type == typeVPC && r.Attributes["DefaultSecurityGroup"] == groupID {
			return true
		}
	}
	return groupID == defaultGroupID
}

// defaultGroupID is the group of instances that have none, in the VPC that every
// account has.
const defaultGroupID = "sg-00000000000000000"

// GroupsOf returns the ids of an instance's security groups; one that names none
// has its VPC's default group.
func (s *Service) GroupsOf(i *Instance) []string {
	if len(i.SecurityGroupIDs) > 0 {
		return i.SecurityGroupIDs
	}
	if vpc, ok := s.resources.Get(i.VPCID); ok && vpc.Attributes["DefaultSecurityGroup"] != "" {
		return []string{vpc.Attributes["DefaultSecurityGroup"]}
	}
	return []string{defaultGroupID}
}

// peers are the blocks that a rule is about.
func (s *Service) peers(r *GroupRule) []netip.Prefix {
	var blocks []string
	switch {
	case r.PeerGroupID != "":
		for _, i := range s.Instances() {
			if slices.Contains(s.GroupsOf(&i), r.PeerGroupID) {
				blocks = append(blocks, i.PrivateIP+"/32")
			}
		}
	case r.PrefixListID != "":
		if list, ok := s.resources.Get(r.PrefixListID); ok {
			for _, entry := range list.items("Entries") {
				blocks = append(blocks, entry.Get("Cidr").Str())
			}
		}
	default:
		blocks = []string{cmp.Or(r.CIDR, r.CIDRv6)}
	}
	var list []netip.Prefix
	for _, b := range blocks {
		if p, err := netip.ParsePrefix(b); err == nil {
			list = append(list, p.Masked())
		}
	}
	return list
}

// covers reports whether a rule is about a port.
func covers(protocol string, from, to int, network string, port uint16) bool {
	return protocol == "-1" || protocol == network && (from == -1 || from <= int(port) && int(port) <= to)
}

// Admit returns nil if the ingress rules of an instance's security groups let an
// address reach a TCP port, else why not. This machine's own loopback stands for
// every address that any rule for the port lets in.
func (s *Service) Admit(i *Instance, from netip.Addr, port uint16) error {
	from = from.Unmap()
	var allowed, groups []string
	for _, id := range s.GroupsOf(i) {
		groups = append(groups, fmt.Sprintf("%s (%s)", id, s.groupName(id)))
		for _, r := range s.Rules(id) {
			if r.Egress || !covers(r.Protocol, r.FromPort, r.ToPort, "tcp", port) {
				continue
			}
			if from.IsLoopback() || slices.ContainsFunc(s.peers(&r), func(p netip.Prefix) bool { return p.Contains(from) }) {
				return nil
			}
			allowed = append(allowed, cmp.Or(r.CIDR, r.CIDRv6, r.PrefixListID, r.PeerGroupID))
		}
	}
	list := strings.Join(groups, ", ")
	if len(allowed) == 0 {
		return fmt.Errorf("the security group %s of %s has no ingress rule for TCP port %d", list, i.InstanceID, port)
	}
	return fmt.Errorf("the security group %s of %s lets %s reach TCP port %d, not %s", list, i.InstanceID, strings.Join(allowed, ", "), port, from)
}

// An Egress is what the security groups of an instance let it reach.
type Egress []EgressRule

// An EgressRule is a protocol with a range of ports at some addresses.
type EgressRule struct {
	Protocol string
	FromPort int
	ToPort   int
	To       []netip.Prefix
}

// Egress returns what an instance may reach now.
func (s *Service) Egress(i *Instance) Egress {
	var list Egress
	for _, id := range s.GroupsOf(i) {
		for _, r := range s.Rules(id) {
			if r.Egress {
				list = append(list, EgressRule{r.Protocol, r.FromPort, r.ToPort, s.peers(&r)})
			}
		}
	}
	return list
}

// Allows reports whether a rule lets the instance reach a port by "tcp" or "udp".
func (e Egress) Allows(network string, to netip.AddrPort) bool {
	return slices.ContainsFunc(e, func(r EgressRule) bool {
		return covers(r.Protocol, r.FromPort, r.ToPort, network, to.Port()) &&
			slices.ContainsFunc(r.To, func(p netip.Prefix) bool { return p.Contains(to.Addr().Unmap()) })
	})
}
