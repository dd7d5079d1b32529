package apigatewayv2

import (
	"context"
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
)

// CreateStage makes a stage. One that deploys by itself serves the API as it is
// from now on.
func (s *Service) CreateStage(ctx context.Context, apiID string, stage Stage) (*Stage, error) {
	var out *Stage
	err := s.change(ctx, apiID, func(_ *store.Tx, d *document) (err error) {
		if out, err = s.addStage(d, stage); err != nil {
			return err
		}
		if stage.AutoDeploy {
			s.autoDeploy(d)
			made := d.Stages[stage.StageName]
			out = &made
		}
		return nil
	})
	return out, err
}

func (s *Service) addStage(d *document, stage Stage) (*Stage, error) {
	if _, ok := d.Stages[stage.StageName]; ok {
		return nil, conflict("Stage already exists")
	}
	stage.CreatedDate = s.now()
	stage.LastUpdatedDate = stage.CreatedDate
	if err := checkStage(d, &stage); err != nil {
		return nil, err
	}
	set(&d.Stages, stage.StageName, stage)
	return &stage, nil
}

var (
	stageName     = regexp.MustCompile(`^(\$default|[A-Za-z0-9_-]{1,128})$`)
	variableName  = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	variableValue = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#&=,]{0,512}$`)
)

func checkStage(d *document, stage *Stage) error {
	if !stageName.MatchString(stage.StageName) {
		return badRequest("Stage name only allows $default, or letters, numbers, hyphens and underscores, at most 128")
	}
	if len(stage.StageVariables) > 100 {
		return badRequest("A stage has at most 100 variables")
	}
	for name, value := range stage.StageVariables {
		if !variableName.MatchString(name) || !variableValue.MatchString(value) {
			return badRequest("Invalid stage variable %s", name)
		}
	}
	if stage.DeploymentId != "" && !stage.AutoDeploy {
		if _, ok := d.Deployments[stage.DeploymentId]; !ok {
			return badRequest("Deployment ID %s does not exist", stage.DeploymentId)
		}
	}
	if err := checkAccessLog(stage.AccessLogSettings); err != nil {
		return err
	}
	if err := checkExecutionLog(stage); err != nil {
		return err
	}
	if stage.RouteSettings == nil {
		stage.RouteSettings = map[string]RouteSettings{}
	}
	for key := range stage.RouteSettings {
		if !hasRouteKey(d, key) {
			return notFound("Route", "Unable to find Route by key %s within the provided RouteSettings", key)
		}
	}
	if stage.StageVariables == nil {
		stage.StageVariables = map[string]string{}
	}
	if stage.Tags == nil {
		stage.Tags = map[string]string{}
	}
	return nil
}

// maxLogFormat is AWS's quota for the format of an access log.
const maxLogFormat = 3 << 10

// checkAccessLog refuses access logs that nobody could read.
func checkAccessLog(l *AccessLogSettings) error {
	switch {
	case l == nil || *l == AccessLogSettings{}:
		return nil
	case !strings.Contains(l.DestinationArn, ":logs:") || !strings.Contains(l.DestinationArn, ":log-group:"):
		return badRequest("The access log destination %s is not served by this gateway; the ARN of a log group is", l.DestinationArn)
	case !strings.Contains(l.Format, "$context.requestId") && !strings.Contains(l.Format, "$context.extendedRequestId"):
		return badRequest("Invalid format string for access log settings. $context.requestId or $context.extendedRequestId is required")
	case len(l.Format) > maxLogFormat:
		return badRequest("Invalid format string for access log settings. It has %d bytes; at most %d are allowed", len(l.Format), maxLogFormat)
	}
	return nil
}

// checkExecutionLog refuses what only WebSocket APIs log.
func checkExecutionLog(stage *Stage) error {
	for _, r := range append(values(stage.RouteSettings), stage.DefaultRouteSettings) {
		if r.DataTraceEnabled || r.LoggingLevel != "" && r.LoggingLevel != "OFF" {
			return badRequest("Execution logs are not supported on protocolType HTTP")
		}
	}
	return nil
}

func hasRouteKey(d *document, key string) bool {
	for _, r := range d.Configuration.Routes {
		if r.RouteKey == key {
			return true
		}
	}
	return false
}

// GetStage returns one stage.
func (s *Service) GetStage(apiID, name string) (*Stage, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	stage, ok := d.Stages[name]
	if !ok {
		return nil, noStage()
	}
	return &stage, nil
}

// GetStages returns an API's stages, sorted by name.
func (s *Service) GetStages(apiID string) ([]Stage, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	return values(d.Stages), nil
}

// UpdateStage changes a stage; fn may change all but the name.
func (s *Service) UpdateStage(ctx context.Context, apiID, name string, fn func(*Stage) error) (*Stage, error) {
	var out Stage
	err := s.change(ctx, apiID, func(tx *store.Tx, d *document) error {
		before, ok := d.Stages[name]
		if !ok {
			return noStage()
		}
		stage := before
		if err := fn(&stage); err != nil {
			return err
		}
		stage.StageName, stage.CreatedDate, stage.LastUpdatedDate = name, before.CreatedDate, s.now()
		if err := checkStage(d, &stage); err != nil {
			return err
		}
		d.Stages[name] = stage
		switch {
		case stage.AutoDeploy && !before.AutoDeploy:
			s.autoDeploy(d)
		case !stage.AutoDeploy && before.AutoDeploy && stage.DeploymentId == before.DeploymentId:
			// What it has served so far is now what it keeps serving.
			if err := s.freeze(tx, d, stage.DeploymentId); err != nil {
				return err
			}
		}
		s.prune(d)
		out = d.Stages[name]
		return nil
	})
	return &out, err
}

// DeleteStage removes a stage.
func (s *Service) DeleteStage(ctx context.Context, apiID, name string) error {
	return s.change(ctx, apiID, func(_ *store.Tx, d *document) error {
		if _, ok := d.Stages[name]; !ok {
			return noStage()
		}
		if s.mapped(apiID, name) {
			return conflict("Cannot delete Stage '%s' due to it being referenced by another resource, e.g., ApiMapping", name)
		}
		delete(d.Stages, name)
		s.prune(d)
		return nil
	})
}

func noStage() error { return notFound("Stage", "Invalid stage identifier specified") }
