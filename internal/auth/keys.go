package auth

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ramier/internal/sms"
)

// The headers of a signed request, in the spelling that net/http keeps them in.
const (
	headerApplication = "X-Ovh-Application"
	headerConsumer    = "X-Ovh-Consumer"
	headerTimestamp   = "X-Ovh-Timestamp"
	headerSignature   = "X-Ovh-Signature"
)

// maxKey is the longest key that is looked up; OVH's have 16 and 32 characters.
const maxKey = 128

// keys is what the headers of a request hold.
type keys struct{ application, consumer, timestamp, signature string }

// readKeys reads the headers. Without an application key there is nobody to speak of.
func readKeys(r *http.Request) (*keys, error) {
	k := &keys{
		application: field(r.Header, headerApplication), consumer: field(r.Header, headerConsumer),
		timestamp: field(r.Header, headerTimestamp), signature: field(r.Header, headerSignature),
	}
	if k.application != "" {
		return k, nil
	}
	switch {
	case k.consumer != "" || k.signature != "":
		return nil, sms.Errorf(sms.NotAuthenticated, "the header %s is missing", headerApplication)
	case r.Header.Get("Authorization") != "":
		return nil, sms.Errorf(sms.NotAuthenticated, "the header Authorization is not read here: sign requests with an application key and a consumer key")
	}
	return nil, sms.Errorf(sms.NotAuthenticated, "the request is not signed: the headers %s, %s, %s and %s are missing",
		headerApplication, headerConsumer, headerTimestamp, headerSignature)
}

// notLoggedIn is for a request with an application key alone.
func notLoggedIn(r *http.Request) error {
	hint := ""
	if strings.Contains(r.URL.Path, "/auth") {
		hint = "; node-ovh does not sign calls with /auth in their path"
	}
	return sms.Errorf(sms.NotAuthenticated, "the header %s is missing: the application is known, but not for whom it calls%s", headerConsumer, hint)
}

// field gives the value of a header. One that came several times is joined as HTTP says, and then fits nothing; repeated
// by a proxy with the same value, it counts once.
func field(h http.Header, name string) string {
	values := h[name]
	switch len(values) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(values[0])
	}
	trimmed := make([]string, len(values))
	for i, value := range values {
		trimmed[i] = strings.TrimSpace(value)
	}
	return strings.Join(slices.Compact(trimmed), ", ")
}

// quote shows a value of a request, but not all of it if it is long.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// keyHash is a consumer key that cannot be read from memory, and looked up without telling by time how much of it fits.
type keyHash [sha256.Size]byte

func hashKey(consumer string) keyHash { return sha256.Sum256([]byte(consumer)) }
