package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Sealer seals secrets that must be readable again, with AES-256-GCM. A sealed text is a byte for the version of the key, a
// nonce of 12 bytes and the ciphertext with its tag.
type Sealer struct{ aead cipher.AEAD }

const sealVersion = 1

// NewSealer takes a key of 32 bytes.
func NewSealer(key []byte) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Sealer{aead}, err
}

// OpenSealer reads the key from a file, and makes the file if it is missing.
func OpenSealer(path string) (*Sealer, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.WriteFile(path, key, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("the key file %s has %d bytes instead of 32: restore it from your backup", path, len(key))
	}
	return NewSealer(key)
}

// Seal hides a secret.
func (s *Sealer) Seal(secret string) []byte {
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(secret)+s.aead.Overhead())
	out[0] = sealVersion
	_, _ = rand.Read(out[1:]) // never fails
	return s.aead.Seal(out, out[1:], []byte(secret), nil)
}

// Open gives the secret back. It fails when the key is not the one that sealed it.
func (s *Sealer) Open(sealed []byte) (string, error) {
	n := 1 + s.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealVersion {
		return "", errors.New("a sealed secret is damaged")
	}
	secret, err := s.aead.Open(nil, sealed[1:n], sealed[n:], nil)
	if err != nil {
		return "", errors.New("a sealed secret cannot be opened: the key file is not the one it was sealed with")
	}
	return string(secret), nil
}

// Sealed hides a text that somebody carries for us and gives back.
func (s *Store) Sealed(text string) string {
	return base64.RawURLEncoding.EncodeToString(s.sealer.Seal(text))
}

// Unsealed reads a text that Sealed has hidden; ok is false if it was not.
func (s *Store) Unsealed(sealed string) (text string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", false
	}
	text, err = s.sealer.Open(raw)
	return text, err == nil
}
