package policy

// A statement is a compiled statement. It applies to a request when its
// principal, action, resource and every condition match.
type statement struct {
	sid          string
	span         span
	deny         bool
	notAction    bool
	notResource  bool
	anyResource  bool // no Resource element: a trust policy speaks of its role
	language2012 bool
	principals   *principals // nil when the statement names none
	actions      []pattern
	resources    []resource
	conditions   []condition
}

// matchAction reports whether the Action or NotAction element applies.
func (s *statement) matchAction(action string) bool {
	for i := range s.actions {
		if s.actions[i].match(action, nil, true) == matched {
			return !s.notAction
		}
	}
	return s.notAction
}

// matchResource reports whether the Resource or NotResource element applies. A
// variable without a value makes a pattern match nothing, and a NotResource
// apply to nothing: a missing key never widens a grant.
func (s *statement) matchResource(e *env) bool {
	if s.anyResource {
		return true
	}
	result := s.notResource
	for i := range s.resources {
		switch s.resources[i].match(e) {
		case matched:
			if !s.notResource {
				return true
			}
			result = false
		case meaningless:
			if s.notResource {
				return false
			}
		case noMatch:
		}
	}
	return result
}

// matchConditions reports whether all conditions hold.
func (s *statement) matchConditions(e *env) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(e) {
			return false
		}
	}
	return true
}
