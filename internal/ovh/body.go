package ovh

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"ramier/internal/sms"
)

const (
	// trusted is the length of a body that memory is set aside for before it is there.
	trusted = 64 << 10
	// short is the length of a body that is not worth counting.
	short = 4 << 10
	// maxBodies is how much the longer bodies of all requests may take together. Bodies are read before it is known who
	// sends them, since signatures cover them.
	maxBodies = 64 << 20
)

// read gives the body, which may not be longer than the limit.
func (x *exchange) read() ([]byte, error) {
	n, limit := x.r.ContentLength, x.cfg.MaxBody
	switch {
	case n == 0:
		return nil, nil
	case n > limit:
		return nil, x.tooLarge()
	case n > 0 && n <= trusted:
		if n > short {
			if err := x.hold(n); err != nil {
				return nil, err
			}
		}
		body := make([]byte, n)
		_, err := io.ReadFull(x.r.Body, body)
		return body, ended(err)
	}
	body := bytes.NewBuffer(make([]byte, 0, trusted))
	for {
		_, err := io.CopyN(body, x.r.Body, trusted)
		switch {
		case int64(body.Len()) > limit:
			return nil, x.tooLarge()
		case errors.Is(err, io.EOF):
			return body.Bytes(), nil
		case err != nil:
			return nil, ended(err)
		}
		if err := x.hold(int64(body.Cap()) - x.held); err != nil {
			return nil, err
		}
	}
}

// hold takes memory for a long body until the request is answered.
func (x *exchange) hold(n int64) error {
	x.held += n
	if x.bodies.Add(n) <= maxBodies {
		return nil
	}
	e := sms.Errorf(sms.Unavailable, "too many requests with long bodies are under way")
	e.RetryAfter = time.Second
	return e
}

// plain refuses a body that is packed: it would be read as broken JSON.
func (x *exchange) plain() error {
	coding := x.r.Header.Get("Content-Encoding")
	if len(x.call.Body) == 0 || coding == "" || strings.EqualFold(coding, "identity") {
		return nil
	}
	return sms.Errorf(sms.Invalid, "The body is packed (Content-Encoding: %s), which is not taken here: send it as it is, without that header", cut(coding))
}

func ended(err error) error {
	if err == nil {
		return nil
	}
	return sms.Wrap(sms.Invalid, err, "The body ended early")
}

// tooLarge refuses a body. What is a little too large is read all the same: a client that still writes when the connection is
// closed may never see the answer.
func (x *exchange) tooLarge() error {
	if x.r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, x.r.Body, 4*x.cfg.MaxBody)
	}
	return sms.Errorf(sms.TooLarge, "The body is too large: at most %d bytes are taken in one request", x.cfg.MaxBody)
}
