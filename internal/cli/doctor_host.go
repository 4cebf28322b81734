package cli

import (
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	_ "ramier/internal/store" // the drivers of the databases

	"ramier/internal/config"
)

const checkTimeout = 5 * time.Second

// checkServer tells whether the platform runs on the addresses that it is to listen on. If not, they must be free.
func (d *doctor) checkServer(ctx context.Context) (running bool) {
	for _, l := range [][2]string{{"http.listen", d.settings.HTTP.Listen}, {"http.tls_listen", d.settings.HTTP.TLSListen}} {
		if l[1] == "" {
			continue
		}
		scheme := "http://"
		if l[0] == "http.tls_listen" {
			scheme = "https://"
		}
		at := reachable(l[1])
		if _, err := d.timeOf(ctx, scheme+at+"/1.0", true); err == nil {
			d.ok("server", "runs at %s%s", scheme, at)
			running = true
			continue
		}
		var listening net.ListenConfig
		if free, err := listening.Listen(ctx, "tcp", l[1]); err != nil {
			d.problem("server", "stop what uses the address, or change "+l[0], "%s = %s cannot be listened on: %v", l[0], l[1], err)
		} else {
			_ = free.Close()
			d.warn("server", "start it with ramier serve", "does not run; %s is free", l[1])
		}
	}
	return running
}

// reachable gives the address by which this machine reaches one that is listened on.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// checkDatabase asks whether the database is there. It opens no tables: that could change them. A platform that runs has
// told already that its database answers.
func (d *doctor) checkDatabase(ctx context.Context, running bool) {
	shown := config.ShowDatabase(d.settings.Database)
	if path, isFile := strings.CutPrefix(d.settings.Database, "sqlite://"); isFile {
		info, err := os.Stat(path)
		switch {
		case err == nil:
			d.ok("database", "%s, %d MiB", shown, info.Size()>>20)
		case running:
			d.problem("database", "restore the file before the platform is restarted", "%s is gone while the platform runs: %v", shown, err)
		default:
			d.warn("database", "ramier init makes one with an operator's account; ramier serve an empty one", "%s does not exist yet", shown)
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	db, err := sql.Open("pgx", d.settings.Database)
	var version string
	if err == nil {
		defer db.Close()
		err = db.QueryRowContext(ctx, "SHOW server_version").Scan(&version)
	}
	if err != nil {
		d.problem("database", "start PostgreSQL, or correct database in the settings", "%s does not answer: %v", shown, err)
		return
	}
	d.ok("database", "%s, PostgreSQL %s", shown, version)
}

// Free space that is little, and too little.
const (
	littleSpace = 2 << 30
	noSpace     = 256 << 20
)

func (d *doctor) checkDisk() {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(d.settings.DataDir, &disk); err != nil {
		d.warn("disk", "look at the folder's rights", "%s: %v", d.settings.DataDir, err)
		return
	}
	free := disk.Bavail * uint64(disk.Bsize) //nolint:gosec // a block has a size
	text := fmt.Sprintf("%.1f GiB free in %s", float64(free)/(1<<30), d.settings.DataDir)
	switch {
	case free < noSpace:
		d.problem("disk", "make room: without it nothing can be accepted", "%s", text)
	case free < littleSpace:
		d.warn("disk", "make room soon", "%s", text)
	default:
		d.ok("disk", "%s", text)
	}
}

const renewBefore = 21 * 24 * time.Hour

func (d *doctor) checkCertificate() {
	path := d.settings.HTTP.TLSCert
	if path == "" {
		return
	}
	data, err := os.ReadFile(path)
	var cert *x509.Certificate
	if err == nil {
		block, _ := pem.Decode(data)
		if block == nil {
			return // the settings are checked: it is a certificate
		}
		cert, err = x509.ParseCertificate(block.Bytes)
	}
	switch left := d.now(); {
	case err != nil:
		d.problem("certificate", "correct http.tls_cert", "%s: %v", path, err)
	case left.After(cert.NotAfter):
		d.problem("certificate", "renew it", "%s ended on %s", path, cert.NotAfter.Format(time.DateOnly))
	case left.Add(renewBefore).After(cert.NotAfter):
		d.warn("certificate", "renew it", "%s ends on %s", path, cert.NotAfter.Format(time.DateOnly))
	default:
		d.ok("certificate", "%s is good until %s", path, cert.NotAfter.Format(time.DateOnly))
	}
}
