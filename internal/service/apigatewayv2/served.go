package apigatewayv2

import "iter"

// Served returns what every API of the account serves now, sorted by API ID.
func (s *Service) Served() iter.Seq[Served] {
	return func(yield func(Served) bool) {
		for _, d := range s.apis.All() {
			if !yield(s.served(&d)) {
				return
			}
		}
	}
}

// served resolves what each of d's stages serves. A stage without a deployment
// serves nothing and is left out.
func (s *Service) served(d *document) Served {
	out := Served{API: d.API}
	for _, name := range sortedKeys(d.Stages) {
		stage := d.Stages[name]
		switch {
		case stage.AutoDeploy:
			c := present(d)
			out.Stages = append(out.Stages, ServedStage{stage, &c})
		case stage.DeploymentId != "":
			snap, ok := s.snapshots.Get(d.API.ApiId + "/" + stage.DeploymentId)
			if ok {
				out.Stages = append(out.Stages, ServedStage{stage, &snap.Configuration})
			}
		}
	}
	return out
}

// Changes returns a channel that gets a value after records changed; the
// function ends the subscription.
func (s *Service) Changes() (<-chan struct{}, func()) { return s.config.Store.Changes(collections...) }

// Revision returns the revision of the records that [Service.Served] sees at
// least.
func (s *Service) Revision() uint64 { return s.config.Store.RevisionOf(collections...) }
