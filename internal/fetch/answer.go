package fetch

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"ramier/internal/sms"
)

// errTime ends what takes too long.
var errTime = errors.New("the time is up")

// explain turns what went wrong into an error for the customer.
func (c *Client) explain(ctx context.Context, name string, err error) error {
	if known, ok := errors.AsType[*sms.Error](err); ok {
		return sms.Errorf(known.Code, "%s cannot be read: %s", name, known.Message)
	}
	fail := func(code sms.Code, format string, args ...any) error {
		return sms.Errorf(code, "%s cannot be read: %s", name, fmt.Sprintf(format, args...))
	}
	if errors.Is(context.Cause(ctx), errTime) {
		return fail(sms.Unavailable, "it did not come within %s: try again later, or give a faster or shorter one", c.limits.Time)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return fail(sms.Invalid, "%s, or ask the operator of this platform to add it to fetch.allow", r)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fail(sms.Invalid, "there is no host %s: check its name", dns.Name)
		}
		return fail(sms.Unavailable, "the name %s cannot be looked up now: try again later", dns.Name)
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fail(sms.Invalid, "its certificate is not trusted (%v): have it renewed, with those that lead to its root", cert.Err)
	}
	var corrupt flate.CorruptInputError
	switch timeout, ok := errors.AsType[net.Error](err); {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fail(sms.Invalid, "it is said to be compressed with gzip and is not: send it without Content-Encoding")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fail(sms.Unavailable, "it ended before it was complete: try again later")
	case ok && timeout.Timeout():
		return fail(sms.Unavailable, "the server did not answer in time: try again later")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fail(sms.Unavailable, "there is no connection to the server (%s %v: %v): check the address, or try again later", op.Op, op.Addr, op.Err)
	}
	if strings.Contains(err.Error(), "unsupported protocol scheme") { // of a redirect
		return fail(sms.Invalid, "it redirects to something else than http:// or https://")
	}
	return fail(sms.Unavailable, "the server does not answer as HTTP servers do: check the address, or try again later")
}

// limit makes an answer's body one that ends at the limits. What is wrong with it shows when it is read.
func (c *Client) limit(ctx context.Context, cancel context.CancelFunc, name string, answer *http.Response) {
	coming := &counter{r: answer.Body, left: c.limits.Size, most: c.limits.Size}
	b := &body{client: c, ctx: ctx, cancel: cancel, name: name, raw: answer.Body, r: coming}
	answer.Body = b
	switch coding := strings.ToLower(strings.TrimSpace(answer.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		b.r = &counter{r: &expander{from: coming}, left: c.limits.Expanded, most: c.limits.Expanded, state: "decompressed, "}
		answer.Header.Del("Content-Encoding")
		answer.Header.Del("Content-Length")
		answer.ContentLength, answer.Uncompressed = -1, true
	default:
		b.err = c.explain(ctx, name, sms.Errorf(sms.Invalid, "it is compressed with %.40q, which was not asked for: send it with gzip or without compression", coding))
	}
}

// An expander decompresses what is read.
type expander struct {
	from io.Reader
	to   *gzip.Reader
}

func (e *expander) Read(p []byte) (n int, err error) {
	if e.to == nil {
		if e.to, err = gzip.NewReader(e.from); err != nil {
			return 0, err
		}
	}
	return e.to.Read(p)
}

// A body is what can still be read of an answer.
type body struct {
	client *Client
	ctx    context.Context // of the call, which ends with the body
	cancel context.CancelFunc
	name   string
	raw    io.ReadCloser
	r      io.Reader
	err    error // the first, which stays
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.client.explain(b.ctx, b.name, err)
	}
	b.err = err
	return n, err
}

func (b *body) Close() error {
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
	}
	b.cancel()
	return b.raw.Close()
}

// A counter lets so many bytes through, and then fails.
type counter struct {
	r          io.Reader
	left, most int64
	state      string
}

func (c *counter) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, tooLong(c.state, c.most)
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1] // one more shows that there is more
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return n - 1, tooLong(c.state, c.most)
	}
	return n, err
}

func tooLong(state string, most int64) error {
	return sms.Errorf(sms.TooLarge, "%sit has more than %s: cut it into several", state, bytes(most))
}

// bytes writes a size for people.
func bytes(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
