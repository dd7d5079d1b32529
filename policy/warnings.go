package policy

func (s *source) warnings(d *Document) []Warning { return nil }
