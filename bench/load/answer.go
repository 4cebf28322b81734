package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
)

// answer is an HTTP answer as far as it matters here. net/http's own reader takes longer than the rest of a request.
type answer struct {
	status  int
	excerpt []byte // beginning of the body, unless it is a success that nobody judges
	last    bool   // the server closes the connection
	judged  bool
}

const excerptSize = 1000

// readAnswer reads an answer with its body. One that is judged by its body keeps the beginning of it.
func readAnswer(from *bufio.Reader, judged bool) (answer, error) {
	line, err := from.ReadSlice('\n')
	if err != nil {
		return answer{}, err
	}
	a := answer{judged: judged}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return a, fmt.Errorf("%q is no answer of HTTP/1", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("%q is no answer of HTTP/1", line)
	}
	a.last = line[7] == '0'
	length, chunked := -1, false
	for {
		if line, err = from.ReadSlice('\n'); err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return a, fmt.Errorf("the length %q is none", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			a.last = !bytes.EqualFold(value, []byte("keep-alive"))
		}
	}
	err = a.body(from, length, chunked)
	return a, err
}

func (a *answer) body(from *bufio.Reader, length int, chunked bool) error {
	var body io.Reader = from
	switch {
	case chunked:
		body = httputil.NewChunkedReader(from)
	case length >= 0 && a.status/100 == 2 && !a.judged:
		_, err := from.Discard(length)
		return err
	case length >= 0:
		body = io.LimitReader(from, int64(length))
	default:
		a.last = true // it goes to the end
	}
	if a.status/100 != 2 || a.judged {
		var err error
		if a.excerpt, err = io.ReadAll(io.LimitReader(body, excerptSize)); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if !chunked {
		return nil
	}
	end, err := from.ReadSlice('\n') // trailers are not expected
	if err == nil && len(bytes.TrimRight(end, "\r\n")) > 0 {
		return errors.New("an answer with trailers cannot be read")
	}
	return err
}
