-- +goose Up
-- SQLite makes a temporary table for each row that it checks against a list of more than two values. So where many rows are written the lists
-- become comparisons, which mean the same; the rows stay as they are.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
  'CHECK (kind IN (''order'', ''hold'', ''capture'', ''release'', ''refund'', ''transfer''))',
  'CHECK (kind = ''hold'' OR kind = ''capture'' OR kind = ''order'' OR kind = ''release'' OR kind = ''refund'' OR kind = ''transfer'')'),
  'CHECK (debit IN (''available'', ''held'', ''quota'', ''used'', ''issued''))',
  'CHECK (debit = ''available'' OR debit = ''held'' OR debit = ''quota'' OR debit = ''used'' OR debit = ''issued'')'),
  'CHECK (credit IN (''available'', ''held'', ''quota'', ''used'', ''issued''))',
  'CHECK (credit = ''available'' OR credit = ''held'' OR credit = ''quota'' OR credit = ''used'' OR credit = ''issued'')')
  WHERE type = 'table' AND name = 'ledger';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (state IN (''held'', ''scheduled'', ''queued'', ''indoubt'', ''sent'', ''buffered'', ''delivered'',
                                            ''failed'', ''expired'', ''refused'', ''cancelled''))',
  'CHECK (state = ''delivered'' OR state = ''sent'' OR state = ''queued'' OR state = ''held'' OR state = ''scheduled'' OR state = ''indoubt'' OR state = ''buffered'' OR state = ''failed'' OR state = ''expired'' OR state = ''refused'' OR state = ''cancelled'')')
  WHERE type = 'table' AND name = 'message';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (measure IN (''waiting'', ''indoubt'', ''sent'', ''buffered'', ''delivered'', ''failed'', ''expired'', ''refused'',
                                              ''cancelled'', ''optout'', ''time''))',
  'CHECK (measure = ''waiting'' OR measure = ''indoubt'' OR measure = ''sent'' OR measure = ''buffered'' OR measure = ''delivered'' OR measure = ''failed'' OR measure = ''expired'' OR measure = ''refused'' OR measure = ''cancelled'' OR measure = ''optout'' OR measure = ''time'')')
  WHERE type = 'table' AND name = 'tally';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (measure IN (''waiting'', ''indoubt'', ''sent'', ''buffered'', ''delivered'', ''failed'', ''expired'', ''refused'',
                                            ''cancelled'', ''optout'', ''handed''))',
  'CHECK (measure = ''waiting'' OR measure = ''indoubt'' OR measure = ''sent'' OR measure = ''buffered'' OR measure = ''delivered'' OR measure = ''failed'' OR measure = ''expired'' OR measure = ''refused'' OR measure = ''cancelled'' OR measure = ''optout'' OR measure = ''handed'')')
  WHERE type = 'table' AND name = 'batch_tally';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (state IN (''waiting'', ''delivered'', ''failed''))',
  'CHECK (state = ''waiting'' OR state = ''delivered'' OR state = ''failed'')')
  WHERE type = 'table' AND name = 'delivery';
PRAGMA writable_schema = RESET;
-- A change that all connections notice.
CREATE TABLE noticed (id INTEGER PRIMARY KEY);
DROP TABLE noticed;
