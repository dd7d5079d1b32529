package apigatewayv2

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/store"
)

// CreateDeployment takes a snapshot of the API as it is. If stage is not
// empty, that stage serves it.
func (s *Service) CreateDeployment(ctx context.Context, apiID, description, stage string) (*Deployment, error) {
	return s.createDeployment(ctx, apiID, description, stage, "")
}

func (s *Service) createDeployment(ctx context.Context, apiID, description, stage, token string) (*Deployment, error) {
	var out Deployment
	err := s.change(ctx, apiID, func(tx *store.Tx, d *document) error {
		if len(d.Configuration.Routes) == 0 {
			return badRequest("At least one route is required before deploying the Api.")
		}
		out = Deployment{CreatedDate: s.now(), DeploymentId: idOf(token, partLength), DeploymentStatus: "DEPLOYED", Description: description}
		set(&d.Deployments, out.DeploymentId, out)
		if err := s.freeze(tx, d, out.DeploymentId); err != nil {
			return err
		}
		if stage == "" {
			return nil
		}
		served, ok := d.Stages[stage]
		if !ok {
			return noStage()
		}
		if served.AutoDeploy {
			return badRequest("Deployment to the stage %s is not allowed since it has auto-deploy enabled", stage)
		}
		served.DeploymentId, served.LastUpdatedDate = out.DeploymentId, s.now()
		served.LastDeploymentStatusMessage = deployed(out.DeploymentId)
		d.Stages[stage] = served
		s.prune(d)
		return nil
	})
	return &out, err
}

func deployed(id string) string {
	return "Successfully deployed stage with deployment ID '" + id + "'"
}

// freeze stores the present configuration as what a deployment has.
func (s *Service) freeze(tx *store.Tx, d *document, deploymentID string) error {
	deployment := d.Deployments[deploymentID]
	deployment.AutoDeployed = false
	d.Deployments[deploymentID] = deployment
	return s.snapshots.In(tx).Put(d.API.ApiId+"/"+deploymentID, snapshot{present(d)})
}

// present returns d's configuration with what the API itself has of it.
func present(d *document) Configuration {
	c := d.Configuration
	c.CorsConfiguration = d.API.CorsConfiguration
	c.DisableExecuteApiEndpoint = d.API.DisableExecuteApiEndpoint
	return c
}

// autoDeploy gives the stages that deploy by themselves a new deployment. It
// needs no snapshot: such a stage serves the API as it is.
func (s *Service) autoDeploy(d *document) {
	for _, name := range sortedKeys(d.Stages) {
		stage := d.Stages[name]
		if !stage.AutoDeploy {
			continue
		}
		deployment := Deployment{
			AutoDeployed: true, CreatedDate: s.now(), DeploymentId: newID(partLength), DeploymentStatus: "DEPLOYED",
			Description: "Automatic deployment triggered by changes to the Api configuration",
		}
		set(&d.Deployments, deployment.DeploymentId, deployment)
		stage.DeploymentId, stage.LastUpdatedDate = deployment.DeploymentId, s.now()
		stage.LastDeploymentStatusMessage = deployed(deployment.DeploymentId)
		d.Stages[name] = stage
	}
	s.prune(d)
}

// prune removes automatic deployments that no stage has any more: one comes
// with every change, and nothing can serve the old ones again.
func (s *Service) prune(d *document) {
	used := map[string]bool{}
	for _, stage := range d.Stages {
		used[stage.DeploymentId] = true
	}
	for id, deployment := range d.Deployments {
		if deployment.AutoDeployed && !used[id] {
			delete(d.Deployments, id)
		}
	}
}

// GetDeployment returns one deployment.
func (s *Service) GetDeployment(apiID, deploymentID string) (*Deployment, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	deployment, ok := d.Deployments[deploymentID]
	if !ok {
		return nil, noDeployment()
	}
	return &deployment, nil
}

// GetDeployments returns an API's deployments, sorted by identifier.
func (s *Service) GetDeployments(apiID string) ([]Deployment, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	return values(d.Deployments), nil
}

// UpdateDeployment changes a deployment's description.
func (s *Service) UpdateDeployment(ctx context.Context, apiID, deploymentID, description string) (*Deployment, error) {
	var out Deployment
	err := s.change(ctx, apiID, func(_ *store.Tx, d *document) error {
		deployment, ok := d.Deployments[deploymentID]
		if !ok {
			return noDeployment()
		}
		deployment.Description = description
		d.Deployments[deploymentID], out = deployment, deployment
		return nil
	})
	return &out, err
}

// DeleteDeployment removes a deployment that no stage serves.
func (s *Service) DeleteDeployment(ctx context.Context, apiID, deploymentID string) error {
	return s.change(ctx, apiID, func(tx *store.Tx, d *document) error {
		if _, ok := d.Deployments[deploymentID]; !ok {
			return noDeployment()
		}
		for _, stage := range d.Stages {
			if stage.DeploymentId == deploymentID {
				return badRequest("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		delete(d.Deployments, deploymentID)
		if err := s.snapshots.In(tx).Delete(apiID + "/" + deploymentID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
}

func noDeployment() error { return notFound("Deployment", "Invalid deployment identifier specified") }
