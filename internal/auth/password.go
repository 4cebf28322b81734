package auth

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// A password's hash is "pbkdf2-sha256$ROUNDS$SALT$KEY", so that rounds can grow without a change of what is stored.
const (
	hashName    = "pbkdf2-sha256"
	hashRounds  = 210_000 // some 50 ms on one core: a guess costs that, and doors should remember who they have let in
	hashSalt    = 16      // octets
	passwordKey = 32
	maxRounds   = 10_000_000
)

// HashPassword gives what to store of a password: PBKDF2 with SHA-256 and a salt of its own.
func HashPassword(password string) (string, error) {
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // never fails
	key, err := pbkdf2.Key(sha256.New, password, salt, hashRounds, passwordKey)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	encode := base64.RawStdEncoding.EncodeToString
	return strings.Join([]string{hashName, strconv.Itoa(hashRounds), encode(salt), encode(key)}, "$"), nil
}

// CheckPassword tells whether a password has the hash. It takes as long for a wrong password as for the right one; a hash that
// cannot be read fits no password.
func CheckPassword(hash, password string) bool {
	fields := strings.Split(hash, "$")
	if len(fields) != 4 || fields[0] != hashName {
		return false
	}
	rounds, err := strconv.Atoi(fields[1])
	if err != nil || rounds < 1 || rounds > maxRounds {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[2])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(fields[3])
	if err != nil || len(want) != passwordKey {
		return false
	}
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, passwordKey)
	return err == nil && subtle.ConstantTimeCompare(key, want) == 1
}
