-- Where reports of the Abuse API lie. The add-on's own tables are not public: this shape is ours, and
-- catalog/abusemanagerpro.json maps another one.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

CREATE TABLE IF NOT EXISTS `mod_abusemanagerpro_reports` (
  `id` int NOT NULL AUTO_INCREMENT,
  `userid` int NOT NULL DEFAULT 0,
  `service_id` int NOT NULL DEFAULT 0,
  `service_ip` varchar(64) NOT NULL DEFAULT '',
  `category` varchar(255) NOT NULL DEFAULT '',
  `status` varchar(32) NOT NULL DEFAULT 'open',
  `suspend_method` varchar(16) NOT NULL DEFAULT 'nosuspend',
  `allow_unsuspend` tinyint NOT NULL DEFAULT 0,
  `additional_info` mediumtext NOT NULL,
  `admin_notes` mediumtext NOT NULL,
  `admin_id` int NOT NULL DEFAULT 0,
  `date_created` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  `suspend_at` datetime DEFAULT NULL,
  `suspended_at` datetime DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `userid` (`userid`),
  KEY `service_created` (`service_id`,`date_created`),
  KEY `admin_id` (`admin_id`),
  KEY `status` (`status`),
  KEY `date_created` (`date_created`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;
