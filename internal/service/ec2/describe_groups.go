package ec2

import (
	"context"
	"slices"
	"strconv"
)

type describeGroupsRequest struct {
	request
	paged
	GroupId   []string
	GroupName []string
}

type describedGroups struct {
	SecurityGroups []describedGroup `query:"securityGroupInfo"`
	NextToken      string
}

type describedGroup struct {
	OwnerId             string
	GroupId             string
	GroupName           string
	GroupDescription    string
	VpcId               string
	IpPermissions       []permission
	IpPermissionsEgress []permission
	SecurityGroupArn    string
	Tags                []tagged `query:"tagSet"`
}

// A permission is the rules of one protocol and range of ports.
type permission struct {
	IpProtocol string
	FromPort   *int
	ToPort     *int
	Groups     []peerGroup
	IpRanges   []ipRange
	Ipv6Ranges []ipv6Range
	Lists      []prefixList `query:"prefixListIds"`
}

type (
	peerGroup  struct{ UserId, GroupId, Description string }
	ipRange    struct{ CidrIp, Description string }
	ipv6Range  struct{ CidrIpv6, Description string }
	prefixList struct{ PrefixListId, Description string }
)

// permissions puts rules together as EC2 shows them.
func (s *Service) permissions(rules []GroupRule, egress bool) []permission {
	list := []permission{}
	for _, r := range rules {
		if r.Egress != egress {
			continue
		}
		from, to := ports(&r)
		i := slices.IndexFunc(list, func(p permission) bool {
			return p.IpProtocol == r.Protocol && same(p.FromPort, from) && same(p.ToPort, to)
		})
		if i < 0 {
			i = len(list)
			list = append(list, permission{r.Protocol, from, to, []peerGroup{}, []ipRange{}, []ipv6Range{}, []prefixList{}})
		}
		p := &list[i]
		switch {
		case r.PeerGroupID != "":
			p.Groups = append(p.Groups, peerGroup{s.account, r.PeerGroupID, r.Description})
		case r.PrefixListID != "":
			p.Lists = append(p.Lists, prefixList{r.PrefixListID, r.Description})
		case r.CIDRv6 != "":
			p.Ipv6Ranges = append(p.Ipv6Ranges, ipv6Range{r.CIDRv6, r.Description})
		default:
			p.IpRanges = append(p.IpRanges, ipRange{r.CIDR, r.Description})
		}
	}
	return list
}

func same(a, b *int) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// ports are absent from rules for all protocols.
func ports(r *GroupRule) (from, to *int) {
	if r.Protocol == "-1" {
		return nil, nil
	}
	return &r.FromPort, &r.ToPort
}

// groups lists the security groups, with the default ones of the VPCs.
func (s *Service) groups() []describedGroup {
	var list []describedGroup
	add := func(g describedGroup) {
		rules := s.Rules(g.GroupId)
		g.OwnerId, g.SecurityGroupArn = s.account, s.arn("security-group", g.GroupId)
		g.IpPermissions, g.IpPermissionsEgress = s.permissions(rules, false), s.permissions(rules, true)
		list = append(list, g)
	}
	for id, r := range s.resources.All() {
		switch r.Type {
		case typeGroup:
			add(describedGroup{GroupId: id, GroupName: r.Attributes["GroupName"], GroupDescription: r.text("GroupDescription"), VpcId: r.Attributes["VpcId"], Tags: r.allTags()})
		case typeVPC:
			if own := r.Attributes["DefaultSecurityGroup"]; own != "" {
				add(describedGroup{GroupId: own, GroupName: "default", GroupDescription: "default VPC security group", VpcId: id, Tags: []tagged{}})
			}
		}
	}
	return list
}

func (s *Service) describeSecurityGroups(_ context.Context, in *describeGroupsRequest) (*describedGroups, error) {
	l := listing[describedGroup]{
		all: s.groups(),
		id:  func(g *describedGroup) string { return g.GroupId },
		notFound: func(id string) error {
			return invalid("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		},
		tags:  func(g *describedGroup) []tagged { return g.Tags },
		least: 5,
		filters: map[string]func(*describedGroup) []string{
			"description":        func(g *describedGroup) []string { return one(g.GroupDescription) },
			"group-id":           func(g *describedGroup) []string { return one(g.GroupId) },
			"group-name":         func(g *describedGroup) []string { return one(g.GroupName) },
			"owner-id":           func(g *describedGroup) []string { return one(g.OwnerId) },
			"vpc-id":             func(g *describedGroup) []string { return one(g.VpcId) },
			"ip-permission.cidr": func(g *describedGroup) []string { return s.of(g, false, func(r *GroupRule) string { return r.CIDR }) },
			"ip-permission.from-port": func(g *describedGroup) []string {
				return s.of(g, false, func(r *GroupRule) string { return strconv.Itoa(r.FromPort) })
			},
			"ip-permission.to-port": func(g *describedGroup) []string {
				return s.of(g, false, func(r *GroupRule) string { return strconv.Itoa(r.ToPort) })
			},
			"ip-permission.protocol": func(g *describedGroup) []string {
				return s.of(g, false, func(r *GroupRule) string { return r.Protocol })
			},
			"ip-permission.group-id": func(g *describedGroup) []string {
				return s.of(g, false, func(r *GroupRule) string { return r.PeerGroupID })
			},
			"egress.ip-permission.cidr": func(g *describedGroup) []string { return s.of(g, true, func(r *GroupRule) string { return r.CIDR }) },
			"egress.ip-permission.protocol": func(g *describedGroup) []string {
				return s.of(g, true, func(r *GroupRule) string { return r.Protocol })
			},
		},
	}
	ids := in.GroupId
	for _, name := range in.GroupName {
		i := slices.IndexFunc(l.all, func(g describedGroup) bool { return g.GroupName == name })
		if i < 0 {
			return nil, l.notFound(name)
		}
		ids = append(ids, l.all[i].GroupId)
	}
	found, next, err := l.page(&in.request, in.paged, ids)
	return &describedGroups{found, next}, err
}

// of lists what a group's rules of one direction say.
func (s *Service) of(g *describedGroup, egress bool, what func(*GroupRule) string) []string {
	var list []string
	for _, r := range s.Rules(g.GroupId) {
		if r.Egress == egress {
			list = append(list, what(&r))
		}
	}
	return list
}

type describeRulesRequest struct {
	request
	paged
	SecurityGroupRuleId []string
}

type describedRules struct {
	Rules     []describedRule `query:"securityGroupRuleSet"`
	NextToken string
}

type describedRule struct {
	SecurityGroupRuleId  string
	GroupId              string
	GroupOwnerId         string
	IsEgress             bool
	IpProtocol           string
	FromPort             int
	ToPort               int
	CidrIpv4             string
	CidrIpv6             string
	PrefixListId         string
	ReferencedGroupInfo  *peerGroup
	Description          string
	SecurityGroupRuleArn string
	Tags                 []tagged `query:"tagSet"`
}

func (s *Service) describeSecurityGroupRules(_ context.Context, in *describeRulesRequest) (*describedRules, error) {
	l := listing[describedRule]{
		id: func(r *describedRule) string { return r.SecurityGroupRuleId },
		notFound: func(id string) error {
			return invalid("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
		},
		tags:  func(r *describedRule) []tagged { return r.Tags },
		least: 5,
		filters: map[string]func(*describedRule) []string{
			"group-id":               func(r *describedRule) []string { return one(r.GroupId) },
			"security-group-rule-id": func(r *describedRule) []string { return one(r.SecurityGroupRuleId) },
		},
	}
	for _, g := range s.groups() {
		for _, r := range s.Rules(g.GroupId) {
			d := describedRule{
				SecurityGroupRuleId: r.ID, GroupId: r.GroupID, GroupOwnerId: s.account, IsEgress: r.Egress, IpProtocol: r.Protocol, FromPort: r.FromPort,
				ToPort: r.ToPort, CidrIpv4: r.CIDR, CidrIpv6: r.CIDRv6, PrefixListId: r.PrefixListID, Description: r.Description,
				SecurityGroupRuleArn: s.arn("security-group-rule", r.ID), Tags: []tagged{},
			}
			if r.PeerGroupID != "" {
				d.ReferencedGroupInfo = &peerGroup{UserId: s.account, GroupId: r.PeerGroupID}
			}
			l.all = append(l.all, d)
		}
	}
	found, next, err := l.page(&in.request, in.paged, in.SecurityGroupRuleId)
	return &describedRules{found, next}, err
}
