package sigv4

// A ReplayCache remembers accepted signatures until their window closes.
type ReplayCache struct {
	Max int // entries; 0 means 1,048,576
}
