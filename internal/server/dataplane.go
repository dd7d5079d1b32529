package server

import "io"

// A DataPlane is what an operator chooses for the listeners of the APIs. The
// zero value is a good one.
type DataPlane struct {
	// AccessLog gets the line of every request to a stage, in the stage's
	// format, else in the Common Log Format; nil: log groups only.
	AccessLog io.Writer
}
