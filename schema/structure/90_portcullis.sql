-- The gateway's own tables, the only ones that it ever creates.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- Suspensions and e-mails that WHMCS is still to be asked for. A row is claimed for a lease
-- (claimed_by, claimed_at), or waits until claimed_at when nobody has claimed it; done_at is set once it
-- was carried out, given up or dropped (last_error says why).
CREATE TABLE IF NOT EXISTS `portcullis_outbox` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `report_id` int NOT NULL,
  `service_id` int NOT NULL,
  `action` varchar(32) NOT NULL,
  `reason` text NOT NULL,
  `due_at` datetime NOT NULL,
  `attempts` int NOT NULL DEFAULT 0,
  `last_error` text NOT NULL,
  `claimed_by` varchar(64) NOT NULL DEFAULT '',
  `claimed_at` datetime DEFAULT NULL,
  `done_at` datetime DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `pending` (`done_at`,`due_at`),
  KEY `waiting` (`done_at`,`claimed_at`),
  KEY `report_id` (`report_id`),
  KEY `service_id` (`service_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A table of before has no key for the order in which rows are tried.
SET @waiting = (SELECT COUNT(*) FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'portcullis_outbox' AND INDEX_NAME = 'waiting');
SET @add_waiting = IF(@waiting = 0, 'ALTER TABLE `portcullis_outbox` ADD KEY `waiting` (`done_at`,`claimed_at`)', 'DO 0');
PREPARE add_waiting FROM @add_waiting;
EXECUTE add_waiting;
DEALLOCATE PREPARE add_waiting;

-- The first success of every Idempotency-Key, swept after 24 hours. The key is compared byte by byte.
CREATE TABLE IF NOT EXISTS `portcullis_idempotency` (
  `scope` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `key` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `request_hash` char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `status` int NOT NULL,
  `body` longblob NOT NULL,
  `created_at` datetime NOT NULL,
  PRIMARY KEY (`scope`,`key`),
  KEY `created_at` (`created_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
