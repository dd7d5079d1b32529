package wire

import (
	"strconv"
	"time"
)

// An Epoch is a time that JSON protocols write as seconds since 1970, with
// milliseconds.
type Epoch struct{ time.Time }

// MarshalJSON writes the seconds.
func (e Epoch) MarshalJSON() ([]byte, error) {
	ms := e.UnixMilli()
	if e.IsZero() {
		ms = 0
	}
	return strconv.AppendFloat(nil, float64(ms)/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads the seconds.
func (e *Epoch) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return err
	}
	e.Time = time.UnixMilli(int64(f * 1000)).UTC()
	return nil
}
