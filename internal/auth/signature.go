package auth

import (
	"crypto/sha1" //nolint:gosec // OVH's clients sign with it and can do no other
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"sync"

	"ramier/internal/sms"
)

// signed is what a signature covers.
type signed struct {
	secret, consumer string
	method           string
	base, target     string // together the URL
	body             []byte
	timestamp        string
}

type digest [sha1.Size]byte

// hashing is what one signature takes; it is used again.
type hashing struct {
	hash.Hash
	text []byte
}

var hashings = sync.Pool{New: func() any { return &hashing{Hash: sha1.New()} }}

// digest is the part of the signature after $1$.
func (s *signed) digest() (d digest) {
	h, _ := hashings.Get().(*hashing)
	defer hashings.Put(h)
	t := append(h.text[:0], s.secret...)
	t = append(append(t, '+'), s.consumer...)
	t = append(append(t, '+'), s.method...)
	t = append(append(t, '+'), s.base...)
	t = append(append(t, s.target...), '+')
	h.Reset()
	if len(s.body) > 1024 {
		h.Write(t)
		h.Write(s.body)
		t = t[:0]
	} else {
		t = append(t, s.body...)
	}
	t = append(append(t, '+'), s.timestamp...)
	h.Write(t)
	h.text = t
	h.Sum(d[:0])
	return d
}

// length is how much one look at it costs.
func (s *signed) length() int {
	return 128 + len(s.secret) + len(s.consumer) + len(s.base) + len(s.target) + len(s.body)
}

func (d digest) is(other digest) bool { return subtle.ConstantTimeCompare(d[:], other[:]) == 1 }

// parseSignature reads "$1$" and 40 lower-case hexadecimal digits.
func parseSignature(text string) (d digest, ok bool) {
	digits, ok := strings.CutPrefix(text, "$1$")
	if !ok || len(digits) != hex.EncodedLen(len(d)) || strings.ContainsAny(digits, "ABCDEF") {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(digits))
	return d, err == nil
}

// checkSignature compares the signature of a request with those of all URLs that its client may have been given. The one
// that fitted last is tried first.
func (v *Verifier) checkSignature(r *http.Request, body []byte, k *keys, app *application, cred *credential) error {
	if k.signature == "" {
		return sms.Errorf(sms.BadSignature, "the header %s is missing", headerSignature)
	}
	s := signed{secret: app.secret, consumer: k.consumer, method: r.Method, target: targetOf(r), body: body, timestamp: k.timestamp}
	bases := v.basesFor(r)
	if given, ok := parseSignature(k.signature); ok && len(bases) > 0 {
		first := int(cred.base.Load()) % len(bases)
		for i := range bases {
			at := (first + i) % len(bases)
			s.base = bases[at]
			if s.digest().is(given) {
				if i > 0 {
					cred.base.Store(int32(at))
				}
				return nil
			}
		}
	}
	return v.badSignature(r, &s, k, app, bases)
}
