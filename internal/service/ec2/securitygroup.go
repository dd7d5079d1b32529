package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// The types whose records rules are made of.
const (
	typeVPC          = "AWS::EC2::VPC"
	typeGroup        = "AWS::EC2::SecurityGroup"
	typeGroupIngress = "AWS::EC2::SecurityGroupIngress"
	typeGroupEgress  = "AWS::EC2::SecurityGroupEgress"
)

// groupType is AWS::EC2::SecurityGroup. Ref gives the id in a VPC, else the name.
type groupType struct{ s *Service }

type groupProperties struct {
	GroupDescription     string `required:"true"`
	GroupName            string
	SecurityGroupEgress  []rule
	SecurityGroupIngress []rule
	Tags                 []Tag
	VpcId                string
}

// A rule is what one entry of a security group says.
type rule struct {
	CidrIp                     string
	CidrIpv6                   string
	Description                string
	FromPort                   *int
	ToPort                     *int
	IpProtocol                 string `required:"true"`
	SourcePrefixListId         string
	SourceSecurityGroupId      string
	SourceSecurityGroupName    string
	SourceSecurityGroupOwnerId string
	DestinationPrefixListId    string
	DestinationSecurityGroupId string
}

// check refuses a rule that EC2 would.
func (r *rule) check() error {
	for _, block := range []string{r.CidrIp, r.CidrIpv6} {
		if block == "" {
			continue
		}
		p, err := cidr(block)
		if err != nil {
			return err
		}
		if p.Addr().Is4() != (block == r.CidrIp) {
			return invalid("InvalidParameterValue", "CIDR block %s is malformed", block)
		}
	}
	protocol := strings.ToLower(r.IpProtocol)
	number, err := strconv.Atoi(protocol)
	switch {
	case protocol == "tcp", protocol == "udp", protocol == "icmp", protocol == "icmpv6":
	case err == nil && number >= -1 && number <= 255:
	default:
		return invalid("InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", r.IpProtocol)
	}
	if protocol != "tcp" && protocol != "udp" && protocol != "6" && protocol != "17" {
		return nil
	}
	if r.FromPort == nil || r.ToPort == nil {
		return invalid("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
	}
	if from, to := *r.FromPort, *r.ToPort; from < 0 || to > 65535 || from > to {
		return invalid("InvalidParameterValue", "Invalid value '%d-%d' for portRange", from, to)
	}
	for _, id := range []string{r.SourceSecurityGroupId, r.DestinationSecurityGroupId} {
		if id != "" {
			if err := checkID("sg", id); err != nil {
				return err
			}
		}
	}
	return nil
}

var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

func (t groupType) properties(r *stack.Request) (*groupProperties, error) {
	p := &groupProperties{}
	if err := r.Properties.Decode(p); err != nil {
		return nil, err
	}
	if !groupText.MatchString(p.GroupDescription) {
		return nil, invalid("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", p.GroupDescription)
	}
	if p.GroupName != "" && (!groupText.MatchString(p.GroupName) || strings.HasPrefix(p.GroupName, "sg-")) {
		return nil, invalid("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid.", p.GroupName)
	}
	if p.VpcId != "" {
		if err := checkID("vpc", p.VpcId); err != nil {
			return nil, err
		}
	}
	for _, rules := range [][]rule{p.SecurityGroupIngress, p.SecurityGroupEgress} {
		for i := range rules {
			if err := rules[i].check(); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// Create implements [stack.Handler].
func (t groupType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := t.properties(r)
	if err != nil {
		return stack.Result{}, err
	}
	name := cmp.Or(p.GroupName, r.ProposedName)
	for _, other := range t.s.resources.All() {
		if other.Type == r.Type && other.Attributes["GroupName"] == name && other.Attributes["VpcId"] == p.VpcId {
			return stack.Result{}, invalid("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, p.VpcId)
		}
	}
	record := Resource{
		ID: newID("sg"), Type: r.Type, Properties: r.Properties, StackID: r.StackID, LogicalID: r.LogicalID,
		Attributes: map[string]string{"GroupName": name, "VpcId": p.VpcId},
	}
	return t.save(ctx, &record)
}

func (t groupType) save(ctx context.Context, record *Resource) (stack.Result, error) {
	if err := t.s.resources.Put(ctx, record.ID, *record); err != nil {
		return stack.Result{}, fmt.Errorf("record the security group: %w", err)
	}
	result := stack.Result{PhysicalID: record.ID, Attributes: map[string]string{
		"GroupId": record.ID, "Id": record.ID, "GroupName": record.Attributes["GroupName"], "VpcId": record.Attributes["VpcId"],
	}}
	if record.Attributes["VpcId"] == "" {
		result.Ref = record.Attributes["GroupName"]
	}
	return result, nil
}

// Update implements [stack.Handler].
func (t groupType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	if _, err := t.properties(r); err != nil {
		return stack.Result{}, err
	}
	record, ok := t.s.resources.Get(r.PhysicalID)
	if !ok {
		return stack.Result{}, invalid("InvalidGroup.NotFound", "The security group '%s' does not exist", r.PhysicalID)
	}
	record.Properties = r.Properties
	return t.save(ctx, &record)
}

// Delete implements [stack.Handler]. A group that an instance has stays.
func (t groupType) Delete(ctx context.Context, r *stack.Request) error {
	for _, i := range t.s.instances.All() {
		if slices.Contains(i.SecurityGroupIDs, r.PhysicalID) {
			return invalid("DependencyViolation", "resource %s has a dependent object", r.PhysicalID)
		}
	}
	err := t.s.resources.Delete(ctx, r.PhysicalID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// ruleType is AWS::EC2::SecurityGroupIngress and SecurityGroupEgress.
type ruleType struct{ s *Service }

type ruleProperties struct {
	GroupId   string
	GroupName string

	CidrIp                     string
	CidrIpv6                   string
	Description                string
	FromPort                   *int
	ToPort                     *int
	IpProtocol                 string `required:"true"`
	SourcePrefixListId         string
	SourceSecurityGroupId      string
	SourceSecurityGroupName    string
	SourceSecurityGroupOwnerId string
	DestinationPrefixListId    string
	DestinationSecurityGroupId string
}

// rule is the entry without its group.
func (p *ruleProperties) rule() rule {
	return rule{
		CidrIp: p.CidrIp, CidrIpv6: p.CidrIpv6, Description: p.Description, FromPort: p.FromPort, ToPort: p.ToPort, IpProtocol: p.IpProtocol,
		SourcePrefixListId: p.SourcePrefixListId, SourceSecurityGroupId: p.SourceSecurityGroupId, SourceSecurityGroupName: p.SourceSecurityGroupName,
		SourceSecurityGroupOwnerId: p.SourceSecurityGroupOwnerId, DestinationPrefixListId: p.DestinationPrefixListId,
		DestinationSecurityGroupId: p.DestinationSecurityGroupId,
	}
}

func (t ruleType) save(ctx context.Context, r *stack.Request, id string) (stack.Result, error) {
	var p ruleProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	entry := p.rule()
	if err := entry.check(); err != nil {
		return stack.Result{}, err
	}
	if p.GroupId == "" && p.GroupName == "" {
		return stack.Result{}, invalid("MissingParameter", "The request must contain the parameter groupName or groupId")
	}
	if p.GroupId != "" {
		if err := checkID("sg", p.GroupId); err != nil {
			return stack.Result{}, err
		}
	}
	record := Resource{ID: id, Type: r.Type, Properties: r.Properties, StackID: r.StackID, LogicalID: r.LogicalID}
	if err := t.s.resources.Put(ctx, id, record); err != nil {
		return stack.Result{}, fmt.Errorf("record the rule: %w", err)
	}
	return stack.Result{PhysicalID: id, Attributes: map[string]string{"Id": id}}, nil
}

// Create implements [stack.Handler].
func (t ruleType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	return t.save(ctx, r, newID("sgr"))
}

// Update implements [stack.Handler].
func (t ruleType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return t.save(ctx, r, r.PhysicalID)
}

// Delete implements [stack.Handler].
func (t ruleType) Delete(ctx context.Context, r *stack.Request) error {
	err := t.s.resources.Delete(ctx, r.PhysicalID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// GroupNames returns the names of security groups; one that is not ours has the
// default group's.
func (s *Service) GroupNames(ids []string) []string {
	var names []string
	for _, id := range ids {
		names = append(names, s.groupName(id))
	}
	return names
}
