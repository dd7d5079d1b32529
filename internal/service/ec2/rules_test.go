package ec2_test

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/ec2"
)

func (f *fixture) group(t *testing.T, properties string) string {
	t.Helper()
	_, r := f.create(t, "SecurityGroup", properties)
	return r.PhysicalID
}

func TestIngressRulesDecideWhoMayOpenASession(t *testing.T) {
	f := start(t)
	_, vpc := f.create(t, "VPC", "{CidrBlock: 10.0.0.0/16}")
	group := func(name, ingress string) string {
		return f.group(t, "{GroupDescription: d, GroupName: "+name+", VpcId: "+vpc.PhysicalID+", SecurityGroupIngress: "+ingress+"}")
	}
	_, list := f.create(t, "PrefixList", "{PrefixListName: office, AddressFamily: IPv4, MaxEntries: 2, Entries: [{Cidr: 198.51.100.0/25}]}")
	ssh := func(source string) string { return "[{IpProtocol: tcp, FromPort: 22, ToPort: 22, " + source + "}]" }
	own := group("own", "[]")
	f.create(t, "SecurityGroupIngress", "{GroupId: "+own+", IpProtocol: '6', FromPort: 20, ToPort: 25, CidrIp: 192.0.2.7/32}")
	peer := group("peer", "[]")
	f.create(t, "Instance", "{ImageId: ami-12345678, SecurityGroupIds: ["+peer+"], PrivateIpAddress: 10.0.0.77}")
	tests := []struct {
		name, group, from string
		refusal           string // "" lets in
	}{
		{"the address of the rule", group("a", ssh("CidrIp: 192.0.2.1/32")), "192.0.2.1", ""},
		{"another address", group("b", ssh("CidrIp: 192.0.2.1/32")), "192.0.2.2", "(b) of i-… lets 192.0.2.1/32 reach TCP port 22, not 192.0.2.2"},
		{"this machine stands for whoever is let in", group("c", ssh("CidrIp: 192.0.2.1/32")), "127.0.0.1", ""},
		{"nobody is let in", group("d", "[]"), "127.0.0.1", "(d) of i-… has no ingress rule for TCP port 22"},
		{"everybody is let in", group("e", ssh("CidrIp: 0.0.0.0/0")), "203.0.113.9", ""},
		{"everybody of IPv4 is nobody of IPv6", group("f", ssh("CidrIp: 0.0.0.0/0")), "2001:db8::1", "not 2001:db8::1"},
		{"IPv6", group("g", ssh("CidrIpv6: 2001:db8::/32")), "2001:db8::1", ""},
		{"another port", group("h", "[{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]"), "203.0.113.9", "no ingress rule"},
		{"another protocol", group("i", "[{IpProtocol: udp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]"), "203.0.113.9", "no ingress rule"},
		{"all protocols", group("j", "[{IpProtocol: -1, CidrIp: 203.0.113.0/24}]"), "203.0.113.9", ""},
		{"a rule that is a resource", own, "192.0.2.7", ""},
		{"a prefix list", group("k", ssh("SourcePrefixListId: "+list.PhysicalID)), "198.51.100.7", ""},
		{"outside the prefix list", group("l", ssh("SourcePrefixListId: "+list.PhysicalID)), "198.51.100.200", "not 198.51.100.200"},
		{"a prefix list of AWS lets this machine in only", group("m", ssh("SourcePrefixListId: pl-0123456789abcdef0")), "198.51.100.7", "lets pl-0123456789abcdef0 reach"},
		{"an instance of another group", group("n", ssh("SourceSecurityGroupId: "+peer)), "10.0.0.77", ""},
		{"an instance of no such group", group("o", ssh("SourceSecurityGroupId: "+peer)), "10.0.0.78", "not 10.0.0.78"},
	}
	for _, tt := range tests {
		_, r := f.create(t, "Instance", "{ImageId: ami-12345678, SecurityGroupIds: ["+tt.group+"]}")
		i, err := f.Find(r.PhysicalID)
		if err != nil {
			t.Fatal(err)
		}
		refused := ""
		if err := f.Admit(&i, netip.MustParseAddr(tt.from), 22); err != nil {
			refused = strings.ReplaceAll(err.Error(), i.InstanceID, "i-…")
		}
		if (refused == "") != (tt.refusal == "") || !strings.Contains(refused, tt.refusal) {
			t.Errorf("%s: %q, want %q", tt.name, refused, tt.refusal)
		}
	}
}

func TestEgressRulesDecideWhatIsReached(t *testing.T) {
	f := start(t)
	group := func(name, egress string) string {
		return f.group(t, "{GroupDescription: d, GroupName: "+name+", "+egress+"}")
	}
	tests := []struct {
		name, group string
		reaches     []string
		not         []string
	}{
		{"a group without egress rules", group("a", "Tags: []"), []string{"tcp 203.0.113.9:1", "udp 10.0.0.1:53"}, []string{"tcp [2001:db8::1]:1"}},
		{
			"one port", group("b", "SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 203.0.113.0/24}]"),
			[]string{"tcp 203.0.113.9:443"},
			[]string{"tcp 203.0.113.9:80", "udp 203.0.113.9:443", "tcp 192.0.2.1:443"},
		},
		{"nothing but oneself", group("c", "SecurityGroupEgress: [{IpProtocol: -1, CidrIp: 127.0.0.1/32}]"), nil, []string{"tcp 203.0.113.9:443"}},
	}
	for _, tt := range tests {
		_, r := f.create(t, "Instance", "{ImageId: ami-12345678, SecurityGroupIds: ["+tt.group+"]}")
		i, err := f.Find(r.PhysicalID)
		if err != nil {
			t.Fatal(err)
		}
		e := f.Egress(&i)
		for want, list := range map[bool][]string{true: tt.reaches, false: tt.not} {
			for _, to := range list {
				network, address, _ := strings.Cut(to, " ")
				if got := e.Allows(network, netip.MustParseAddrPort(address)); got != want {
					t.Errorf("%s: %s: %v, want %v", tt.name, to, got, want)
				}
			}
		}
	}
	if ec2.Egress(nil).Allows("tcp", netip.MustParseAddrPort("203.0.113.9:443")) {
		t.Error("no rules let something out")
	}
}

func TestAKeyOpensTheInstancesOfItsKeyPair(t *testing.T) {
	f := start(t)
	_, _ = f.create(t, "KeyPair", "{KeyName: one, KeyType: ed25519}")
	_, _ = f.create(t, "KeyPair", "{KeyName: two}")
	_, r := f.create(t, "Instance", "{ImageId: ami-12345678, KeyName: one}")
	_, _ = f.create(t, "Instance", "{ImageId: ami-12345678, KeyName: two}")
	pair, _ := f.KeyPair("one")
	if got := f.WithKey(blob(t, pair.PublicKey)); len(got) != 1 || got[0].InstanceID != r.PhysicalID {
		t.Errorf("the key opens %v", got)
	}
	if got := f.WithKey([]byte("nonsense")); got != nil {
		t.Errorf("nonsense opens %v", got)
	}
}

// blob is the key of a line of authorized_keys.
func blob(t *testing.T, line string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.Fields(line)[1])
	if err != nil {
		t.Fatal(err)
	}
	return b
}
