package wire

// At returns o where restJson1 clients find it: the method, the path with its
// labels, such as "/v2/apis/{ApiId}", and the status of its answers.
//
// A label {Name} is one segment of the path, {Name+} one or more. Its text goes
// to the input's field of that name. Other fields may say where they come from:
//
//	rest:"query=NAME"  a parameter of the query
//	rest:"header=NAME" a header
//	rest:"payload"     the whole body as it came, a []byte
//
// and what says nothing is a member of the JSON body. An output's fields may say
// header and payload too, and rest:"status" is an int that is answered instead of
// the table's status unless it is zero. An output's payload may be an
// [io.ReadCloser], which is sent as it comes.
func (o Operation) At(method, path string, status int) Operation {
	o.Method, o.Path, o.Status = method, path, status
	return o
}
