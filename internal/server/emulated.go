package server

import (
	"slices"

	"github.com/hakonegate/hakone/internal/emulator"
	"github.com/hakonegate/hakone/internal/service/dynamodb"
	"github.com/hakonegate/hakone/internal/service/sns"
	"github.com/hakonegate/hakone/internal/service/sqs"
	"github.com/hakonegate/hakone/internal/stack"
)

// emulatedTypes are the resource types of services that are not here: deployments
// make them at the services' endpoints.
func (s *Server) emulatedTypes() []stack.Type {
	account, region, partition := s.config.Account, s.config.Region, "aws"
	ledger := emulator.NewLedger(s.store)
	client := func(service string) *emulator.Client {
		endpoint := s.config.Services[service]
		if endpoint == nil {
			return nil
		}
		return &emulator.Client{Service: service, Endpoint: endpoint, Region: region}
	}
	return slices.Concat(
		dynamodb.New(dynamodb.Config{Client: client("dynamodb"), Ledger: ledger, Account: account, Region: region, Partition: partition}).Types(),
		sqs.New(sqs.Config{Client: client("sqs"), Ledger: ledger, Account: account, Region: region, Partition: partition}).Types(),
		sns.New(sns.Config{Client: client("sns"), Ledger: ledger}).Types(),
	)
}
