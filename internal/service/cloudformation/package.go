package cloudformation

import "context"

func (s *Service) packaged(ctx context.Context, in *DeployInput) (*DeployInput, error) {
	return in, nil
}
