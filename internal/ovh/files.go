package ovh

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// FilesPrefix is where the contents of documents are, outside of the API: their addresses carry a key of their own, and need no
// signature.
const FilesPrefix = "/files/"

// What an address is for.
const (
	toRead  = "get"
	toWrite = "put"
)

// maxUploads is how many contents are received at once, and transferTime how long one may take.
const (
	maxUploads   = 16
	transferTime = 15 * time.Minute
)

// fileKey is what an address of a document ends with.
func fileKey(d sms.Document, purpose string) string {
	mac := hmac.New(sha256.New, []byte(d.Secret))
	mac.Write([]byte(purpose + " " + d.ID))
	return hex.EncodeToString(mac.Sum(nil)[:20])
}

// address gives where the content of a document can be had, or put.
func (a *API) address(c *Call, d sms.Document, purpose string) string {
	return a.base(c) + FilesPrefix + d.ID + "/" + fileKey(d, purpose)
}

// base is where the addresses in answers begin.
func (a *API) base(c *Call) string {
	if len(a.publicURLs) > 0 {
		return strings.TrimSuffix(a.publicURLs[0], "/")
	}
	return "http://" + c.Request.Host
}

// Files serves the contents of documents at the addresses that the API gives: GET, HEAD and PUT.
func (a *API) Files() http.Handler { return http.HandlerFunc(a.serveFile) }

func (a *API) serveFile(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	d, purpose, err := a.fileAt(ctx, r.URL.Path)
	if err == nil {
		err = a.allowPage(ctx, w, r, d, purpose)
	}
	switch {
	case err != nil:
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && purpose == toRead:
		a.sendFile(w, r, d)
		return
	case r.Method == http.MethodPut && purpose == toWrite:
		err = a.takeFile(ctx, w, r, d)
	default:
		w.Header().Set("Allow", map[string]string{toRead: "GET, HEAD, OPTIONS", toWrite: "PUT, OPTIONS"}[purpose])
		http.Error(w, "This address takes no "+r.Method, http.StatusMethodNotAllowed)
		return
	}
	if err == nil {
		return
	}
	answer := refuse(err)
	w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	http.Error(w, answer.body.message, answer.status)
}

// fileAt finds the document of an address. One that is wrong in any way leads nowhere.
func (a *API) fileAt(ctx context.Context, address string) (d sms.Document, purpose string, err error) {
	nothing := sms.Errorf(sms.NoObject, "There is no such file, or not any more")
	id, key, ok := strings.Cut(strings.TrimPrefix(address, FilesPrefix), "/")
	if !ok || !uuidForm.MatchString(id) {
		return d, "", nothing
	}
	d, err = a.store.AnyDocument(ctx, id)
	if sms.CodeOf(err) == sms.NoObject || err == nil && a.isOver(d) {
		return d, "", nothing
	}
	if err != nil {
		return d, "", err
	}
	for _, purpose := range []string{toRead, toWrite} {
		if hmac.Equal([]byte(key), []byte(fileKey(d, purpose))) {
			return d, purpose, nil
		}
	}
	return d, "", nothing
}

// allowPage lets scripts of web pages use the address, if the customer has said so for their origin.
func (a *API) allowPage(ctx context.Context, w http.ResponseWriter, r *http.Request, d sms.Document, purpose string) error {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	origin := strings.ToLower(r.Header.Get("Origin"))
	if origin == "" {
		return nil
	}
	h.Add("Vary", "Origin")
	allowed, err := a.store.Origins(ctx, d.AccountID)
	if err != nil || !slices.Contains(allowed, origin) {
		return err
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", strings.ToUpper(purpose))
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "3600")
	return nil
}

func (a *API) sendFile(w http.ResponseWriter, r *http.Request, d sms.Document) {
	if d.UploadedAt.IsZero() {
		http.Error(w, "Nothing was uploaded yet", http.StatusNotFound)
		return
	}
	h := w.Header()
	kind := "application/octet-stream"
	switch strings.ToLower(path.Ext(d.Name)) {
	case ".csv":
		kind = "text/csv; charset=utf-8"
	case sms.SheetEnding:
		kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(d.Name)}))
	if r.Method == http.MethodHead {
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(transferTime)) // not every test's writer has one
	if _, err := io.Copy(w, a.store.Content(r.Context(), d)); err != nil {
		panic(http.ErrAbortHandler) // so that nobody takes the beginning for the whole
	}
}

// takeFile receives a content. Supporting documents of senders take one only.
func (a *API) takeFile(ctx context.Context, w http.ResponseWriter, r *http.Request, d sms.Document) error {
	if d.Kind != sms.DocumentOfMe && !d.UploadedAt.IsZero() {
		return sms.Errorf(sms.Conflict, "The document has its content already: make another one")
	}
	if r.ContentLength > sms.MaxDocument {
		return sms.Errorf(sms.TooLarge, "The document has %d bytes, more than %d", r.ContentLength, sms.MaxDocument)
	}
	if err := a.store.Stalled(); err != nil {
		return err
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		w.Header().Set("Retry-After", "5")
		return sms.Errorf(sms.Unavailable, "%d documents are being uploaded, as many as may be at once: try again in a moment", maxUploads)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(transferTime)) // not every test's writer has one
	_, err := a.store.SetContent(ctx, d, body{r.Body}, a.now())
	return err
}

// body turns what goes wrong on the line into an error that says so.
type body struct{ io.Reader }

func (b body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = ended(err)
	}
	return n, err
}
