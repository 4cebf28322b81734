package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// tlsNames are the hosts that the sandbox's certificate is for: this machine, and OVH's own for clients that take no other
// and are led here by their resolver.
var tlsNames = []string{"localhost", "eu.api.ovh.com", "ca.api.ovh.com", "api.us.ovhcloud.com"}

// certificate gives the certificate of the folder and its CA's file. They are made when missing or about to expire. The CA
// signs this one certificate; its key is never written down.
func certificate(dir string, now time.Time) (cert tls.Certificate, caFile string, err error) {
	caFile = filepath.Join(dir, "ca.pem")
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && cert.Leaf.NotAfter.After(now.Add(24*time.Hour)) {
		return cert, caFile, nil
	}
	ca, leaf, key, err := makeCertificates(now)
	if err != nil {
		return cert, "", err
	}
	for file, content := range map[string][]byte{caFile: ca, certFile: append(leaf, ca...), keyFile: key} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return cert, "", err
		}
	}
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	return cert, caFile, err
}

func makeCertificates(now time.Time) (ca, leaf, key []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	from, to := now.Add(-24*time.Hour), now.AddDate(1, 0, 0)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Ramier sandbox CA"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1), Subject: pkix.Name{CommonName: "Ramier sandbox"}, NotBefore: from, NotAfter: to,
		DNSNames: tlsNames, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if host, err := os.Hostname(); err == nil {
		server.DNSNames = append(server.DNSNames, host)
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, server, root, &leafKey.PublicKey, caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, nil, nil, err
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return block("CERTIFICATE", rootDER), block("CERTIFICATE", leafDER), block("PRIVATE KEY", keyDER), nil
}
