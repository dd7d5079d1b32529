package policy

type statement struct{ sid string }

func parse(kind Kind, text []byte, strict bool) (*Document, error) {
	return nil, &MalformedError{Message: "Syntax errors in policy."}
}
