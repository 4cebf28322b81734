package store

import (
	"context"
	"time"
)

// Recent calls f for each message that was ordered since a time and not refused, from the latest on, for at most so many.
func (s *Store) Recent(ctx context.Context, since time.Time, most int, f func(service int64, receiver string)) error {
	first, err := s.firstJobSince(ctx, since)
	if err != nil {
		return unavailable(err)
	}
	rows, err := s.reads.QueryContext(ctx, "SELECT service_id, receiver FROM message WHERE id >= $1 AND state NOT IN ('refused', 'cancelled') ORDER BY id DESC LIMIT $2", first, most)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var service int64
		var receiver string
		if err := rows.Scan(&service, &receiver); err != nil {
			return unavailable(err)
		}
		f(service, receiver)
	}
	if err := rows.Err(); err != nil {
		return unavailable(err)
	}
	return nil
}

// firstJobSince gives the id from which on jobs were made since a time. Ids are handed out in the order of time but for blocks that
// nodes take, so that it finds the place by halves, without an index.
func (s *Store) firstJobSince(ctx context.Context, since time.Time) (int64, error) {
	var last int64
	if err := s.reads.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM job").Scan(&last); err != nil {
		return 0, err
	}
	low, high := int64(1), last+1
	for low < high {
		middle := low + (high-low)/2
		var id, at int64
		if err := s.reads.QueryRowContext(ctx, "SELECT id, created_at FROM job WHERE id >= $1 ORDER BY id LIMIT 1", middle).Scan(&id, &at); err != nil {
			return 0, err // there is one: the last
		}
		if at >= micros(since) {
			high = middle
		} else {
			low = id + 1
		}
	}
	return low, nil
}
