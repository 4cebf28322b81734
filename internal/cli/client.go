package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ovh/go-ovh/ovh"
)

// client is OVH's client, with what people want to know of an error.
type client struct {
	*ovh.Client
}

// object is any object of the API.
type object = map[string]any

const callTimeout = 30 * time.Second

// newClient makes a client. The endpoint is one of OVH's names or an address; the file holds certificates to trust beside
// the system's.
func newClient(k keys, caFile string) (*client, error) {
	endpoint, err := address(k.endpoint)
	if err != nil {
		return nil, err
	}
	// A transport of its own, so that nothing stays behind when the command is done.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: false, IdleConnTimeout: time.Second}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("the certificates to trust: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	c := &ovh.Client{
		AppKey: k.application, AppSecret: k.secret, ConsumerKey: k.consumer, Timeout: callTimeout,
		Client: &http.Client{Transport: transport},
	}
	return &client{c}, c.SetEndpoint(endpoint)
}

// call calls the API; body and answer may be nil.
func (c *client) call(ctx context.Context, method, path string, body, answer any) error {
	err := c.CallAPIWithContext(ctx, method, path, body, answer, true)
	return c.located(err)
}

// located adds to an error of the connection where it was tried.
func (c *client) located(err error) error {
	if _, answered := errors.AsType[*ovh.APIError](err); err == nil || answered || errors.Is(err, context.Canceled) {
		return err
	}
	if bad, ok := errors.AsType[*json.UnsupportedValueError](err); ok {
		return fmt.Errorf("%s is no value that can be sent: give a number", bad.Str)
	}
	return fmt.Errorf("%s does not answer: %w", c.Endpoint(), unwrapURL(err))
}

// unwrapURL leaves out the method and address that net/http puts before a cause.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// copy writes an answer that is no JSON as it comes.
func (c *client) copy(ctx context.Context, path string, to io.Writer) error {
	r, err := c.NewRequest(http.MethodGet, path, nil, true)
	if err != nil {
		return c.located(err)
	}
	answer, err := c.Do(r.WithContext(ctx))
	if err != nil {
		return c.located(err)
	}
	if answer.StatusCode != http.StatusOK {
		return c.located(c.UnmarshalResponse(answer, nil))
	}
	defer answer.Body.Close()
	_, err = io.Copy(to, answer.Body)
	return c.located(err)
}

const pageSize = 1000

// list gets all objects of a list, page by page.
func (c *client) list(ctx context.Context, path string) ([]object, error) {
	all := []object{}
	for page := 1; ; page++ {
		r, err := c.NewRequest(http.MethodGet, path, nil, true)
		if err != nil {
			return nil, c.located(err)
		}
		r.Header.Set("X-Pagination-Mode", "CachedObjectList-Pages")
		r.Header.Set("X-Pagination-Size", strconv.Itoa(pageSize))
		r.Header.Set("X-Pagination-Number", strconv.Itoa(page))
		answer, err := c.Do(r.WithContext(ctx)) //nolint:bodyclose // UnmarshalResponse closes it
		if err != nil {
			return nil, c.located(err)
		}
		var objects []object
		total, _ := strconv.Atoi(answer.Header.Get("X-Pagination-Elements"))
		if err := c.UnmarshalResponse(answer, &objects); err != nil {
			return nil, c.located(err)
		}
		if all = append(all, objects...); len(all) >= total || len(objects) == 0 {
			return all, nil
		}
	}
}

// explained writes an error of the API in one line: its class, its message, and the cause where there is one.
func explained(err error) string {
	e, ok := errors.AsType[*ovh.APIError](err)
	if !ok {
		return err.Error()
	}
	text := strings.TrimSuffix(e.Message, ".")
	if e.Class != "" {
		text = e.Class + ": " + text
	} else {
		text = fmt.Sprintf("HTTP status %d: %s", e.Code, strings.TrimSpace(text))
	}
	if cause := e.Details["cause"]; cause != "" {
		text += ": " + cause
	}
	if e.Code >= http.StatusInternalServerError && e.QueryID != "" {
		text += " (the server's log knows more of query " + e.QueryID + ")"
	}
	return text
}
