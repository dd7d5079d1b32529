package ec2

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// publicAddresses are for documentation (RFC 5737): they reach nobody.
var publicAddresses = netip.MustParsePrefix("203.0.113.0/24")

// A lease is a public address in use, under the address itself.
type lease struct {
	AllocationID  string // "" of an instance's own address
	InstanceID    string
	AssociationID string
	Tags          []Tag
}

// lease takes a free public address.
func (s *Service) lease(ctx context.Context, l lease) (string, error) {
	for a := publicAddresses.Addr().Next(); publicAddresses.Contains(a.Next()); a = a.Next() {
		if _, taken := s.addresses.Get(a.String()); taken {
			continue
		}
		err := s.addresses.Create(ctx, a.String(), l)
		if errors.Is(err, store.ErrExists) {
			continue
		}
		return a.String(), err
	}
	return "", invalid("AddressLimitExceeded", "The maximum number of addresses has been reached.")
}

// release gives an address back.
func (s *Service) release(ctx context.Context, address string) error {
	err := s.addresses.Delete(ctx, address)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// allocation finds an address by its allocation id.
func (s *Service) allocation(id string) (address string, ok bool) {
	for a, l := range s.addresses.All() {
		if id != "" && l.AllocationID == id {
			return a, true
		}
	}
	return "", false
}

// eipType is AWS::EC2::EIP. Ref gives the address.
type eipType struct{ s *Service }

type eipProperties struct {
	Address            string
	Domain             string `oneof:"vpc,standard"`
	InstanceId         string
	IpamPoolId         string
	NetworkBorderGroup string
	PublicIpv4Pool     string
	TransferAddress    string
	Tags               []Tag
}

// Create implements [stack.Handler].
func (t eipType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p eipProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if p.Domain != "" && p.Domain != "vpc" && p.Domain != "standard" {
		return stack.Result{}, invalid("InvalidParameterValue", "Invalid value '%s' for domain.", p.Domain)
	}
	id := newID("eipalloc")
	address, err := t.s.lease(ctx, lease{AllocationID: id, Tags: p.Tags})
	if err != nil {
		return stack.Result{}, err
	}
	result := stack.Result{PhysicalID: address, Attributes: map[string]string{"AllocationId": id, "PublicIp": address}}
	if p.InstanceId != "" {
		_, err = t.s.associate(ctx, address, p.InstanceId)
	}
	return result, err
}

// Update implements [stack.Handler].
func (t eipType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p eipProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	var id string
	err := t.s.addresses.Update(ctx, r.PhysicalID, func(l *lease) error { l.Tags, id = p.Tags, l.AllocationID; return nil })
	if err != nil {
		return stack.Result{}, fmt.Errorf("change the address %s: %w", r.PhysicalID, err)
	}
	if p.InstanceId != "" {
		_, err = t.s.associate(ctx, r.PhysicalID, p.InstanceId)
	} else {
		err = t.s.dissociate(ctx, r.PhysicalID)
	}
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"AllocationId": id, "PublicIp": r.PhysicalID}}, err
}

// Delete implements [stack.Handler].
func (t eipType) Delete(ctx context.Context, r *stack.Request) error {
	if err := t.s.dissociate(ctx, r.PhysicalID); err != nil {
		return err
	}
	return t.s.release(ctx, r.PhysicalID)
}

// associate gives an instance an address, in place of its own.
func (s *Service) associate(ctx context.Context, address, instanceID string) (associationID string, err error) {
	associationID = newID("eipassoc")
	err = s.store.Atomically(ctx, func(tx *store.Tx) error {
		i, ok := s.instances.In(tx).Get(instanceID)
		if !ok {
			return noInstance(instanceID)
		}
		l, ok := s.addresses.In(tx).Get(address)
		if !ok {
			return invalid("InvalidAddress.NotFound", "Address '%s' not found.", address)
		}
		if l.InstanceID != "" && l.InstanceID != instanceID {
			return invalid("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", l.AllocationID, l.AssociationID)
		}
		l.InstanceID, l.AssociationID = instanceID, associationID
		i.ElasticIP = address
		return errors.Join(s.instances.In(tx).Put(instanceID, i), s.addresses.In(tx).Put(address, l))
	})
	return associationID, err
}

// dissociate takes an address from whatever instance has it.
func (s *Service) dissociate(ctx context.Context, address string) error {
	return s.store.Atomically(ctx, func(tx *store.Tx) error {
		l, ok := s.addresses.In(tx).Get(address)
		if !ok || l.InstanceID == "" {
			return nil
		}
		if i, ok := s.instances.In(tx).Get(l.InstanceID); ok && i.ElasticIP == address {
			i.ElasticIP = ""
			if err := s.instances.In(tx).Put(l.InstanceID, i); err != nil {
				return err
			}
		}
		l.InstanceID, l.AssociationID = "", ""
		return s.addresses.In(tx).Put(address, l)
	})
}

// associationType is AWS::EC2::EIPAssociation.
type associationType struct{ s *Service }

type associationProperties struct {
	AllocationId       string
	EIP                string
	InstanceId         string
	NetworkInterfaceId string
	PrivateIpAddress   string
}

// Create implements [stack.Handler].
func (t associationType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p associationProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	address := p.EIP
	if address == "" {
		var ok bool
		if address, ok = t.s.allocation(p.AllocationId); !ok {
			return stack.Result{}, invalid("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", p.AllocationId)
		}
	}
	if p.InstanceId == "" {
		return stack.Result{}, invalid("MissingParameter", "Either 'InstanceId' or 'NetworkInterfaceId' must be specified; hakone associates addresses with instances")
	}
	id, err := t.s.associate(ctx, address, p.InstanceId)
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: id, Attributes: map[string]string{"Id": id}}, nil
}

// Update implements [stack.Handler]. Every property replaces the association.
func (t associationType) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Id": r.PhysicalID}}, nil
}

// Delete implements [stack.Handler].
func (t associationType) Delete(ctx context.Context, r *stack.Request) error {
	for address, l := range t.s.addresses.All() {
		if l.AssociationID == r.PhysicalID {
			return t.s.dissociate(ctx, address)
		}
	}
	return nil
}
