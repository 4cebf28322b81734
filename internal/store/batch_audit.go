package store

import (
	"context"

	"ramier/internal/sms"
)

// batches compares each batch with its jobs and errors.
func (a *auditor) batches(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var service, messages, refused, found, errors int64
		var credits, cost sms.Credits
		var uuid string
		if err := scan(&service, &uuid, &messages, &refused, &credits, &found, &errors, &cost); err != nil {
			return err
		}
		if messages != found {
			a.found(service, "batch "+uuid, "counts %d messages, and its jobs have %d", messages, found)
		}
		if refused != errors {
			a.found(service, "batch "+uuid, "counts %d errors, and %d are listed", refused, errors)
		}
		if credits != cost {
			a.found(service, "batch "+uuid, "costs %v, and its jobs cost %v", credits, cost)
		}
		return nil
	}, `SELECT b.service_id, b.uuid, b.messages, b.errors, b.credits,
		CAST(COALESCE((SELECT SUM(j.count) FROM batch_job j WHERE j.batch_id = b.id), 0) AS bigint),
		(SELECT COUNT(*) FROM batch_error e WHERE e.batch_id = b.id),
		CAST(COALESCE((SELECT SUM(o.credits) FROM batch_job j JOIN job o ON o.id = j.job_id WHERE j.batch_id = b.id), 0) AS bigint)
		FROM batch b ORDER BY b.id`)
}
