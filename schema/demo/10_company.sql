-- The demo company: its settings, roles, admins, clients and services.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- The numbers 1 to 20,000. Choices below are CRC32 of a number and a letter: the same on every machine.
CREATE TEMPORARY TABLE demo_n (n int NOT NULL PRIMARY KEY)
WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 199)
SELECT a.i * 200 + b.i + 1 AS n FROM k a JOIN k b ON a.i < 100;

START TRANSACTION;

INSERT INTO tblconfiguration (setting, value, created_at, updated_at) VALUES
  ('CompanyName', 'Nordwind Hosting GmbH', '2019-02-11 09:00:00', '2019-02-11 09:00:00'),
  ('Version', '8.4.1-release.1', '2019-02-11 09:00:00', '2022-01-18 21:14:03'),
  ('Charset', 'utf-8', '2019-02-11 09:00:00', '0000-00-00 00:00:00'),
  ('DateFormat', 'DD/MM/YYYY', '2019-02-11 09:00:00', '0000-00-00 00:00:00'),
  ('SystemURL', 'https://my.nordwind.example/', '2019-02-11 09:00:00', '2020-06-02 12:40:00'),
  ('InvalidLoginBanLength', '15', '2019-02-11 09:00:00', '0000-00-00 00:00:00'),
  ('WhitelistedIPs', 'a:1:{i:0;a:2:{s:2:"ip";s:9:"127.0.0.1";s:4:"note";s:3:"dev";}}',
   '2019-02-11 09:00:00', '2021-03-30 08:15:00'),
  ('ActiveAddonModules', 'wbteampro,abusemanagerpro', '2019-02-11 09:00:00', '2021-03-01 10:00:00');

INSERT INTO tbladminroles (id, name, widgets, reports, systememails, accountemails, supportemails) VALUES
  (1, 'Full Administrator', 'activity_log,todo_list', '', 1, 1, 1),
  (2, 'Sales Operator', '', '', 0, 1, 1),
  (3, 'Support Operator', '', '', 0, 0, 1),
  (4, 'Bookkeeping', '', '', 0, 1, 0),
  (5, 'Project Manager', 'todo_list', '', 0, 0, 1);

INSERT INTO tbladdonmodules (module, setting, value) VALUES
  ('wbteampro', 'version', '4.2.1'),
  ('wbteampro', 'access', '1,2,3,5'),
  ('wbteampro', 'admin_super_roles', '1,5'),
  ('wbteampro', 'api_active', 'on'),
  ('wbteampro', 'project_statuses', 'Active,In Production,Completed,Cancelled,Paused,Waiting for Customer,QA'),
  ('wbteampro', 'timelog_round_minutes', '15'),
  ('wbteampro', 'default_visible_status', 'all'),
  ('wbteampro', 'date_week_start', 'monday'),
  ('abusemanagerpro', 'version', '2.1.0'),
  ('abusemanagerpro', 'access', '1,3'),
  ('abusemanagerpro', 'timelimit_minutes', '1440');

-- Each of the first four logs in with his own name as password; demo may do everything, legacy still
-- has the plain MD5 of an old WHMCS, disabled is disabled, norole has a role that the add-on refuses.
INSERT INTO tbladmins (id, uuid, roleid, username, password, passwordhash, authmodule, authdata, firstname,
  lastname, email, signature, notes, template, language, disabled, loginattempts, supportdepts,
  ticketnotifications, homewidgets, password_reset_data, hidden_widgets, widget_order, created_at) VALUES
  (1, '6a0f1c9e-3b53-4a43-9a55-0d5d4c1f0001', 1, 'demo',
   '$2y$10$c98de089921bfcf80a6d0uNBwtOl9LA8Ubm5NGSYlu4Tnvt4ahi.a',
   '$2y$10$0e26c74de4260ced592d7uXAc8sflfg0FqfGEG56v7qO69o99Ncuy', '', '', 'Dora', 'Demo',
   'demo@nordwind.example', 'Dora Demo\nNordwind Hosting', '', 'blend', 'english', 0, 0, ',1,2,3,',
   ',1,2,', '', '', '', '', '2019-02-11 09:00:00'),
  (2, '6a0f1c9e-3b53-4a43-9a55-0d5d4c1f0002', 3, 'legacy', '228c70bfc5589c58c044e03fff0e17eb', '', '', '',
   'Leo', 'Legacy', 'legacy@nordwind.example', '', '', 'v4', 'german', 0, 0, ',1,', '', '', '', '', '',
   '0000-00-00 00:00:00'),
  (3, '6a0f1c9e-3b53-4a43-9a55-0d5d4c1f0003', 1, 'disabled',
   '$2y$10$104eb9dc6994252445c52ua5oEZpcSPYOTEYxOZojQLCnuY1nfmnW',
   '$2y$10$e3e2768e1904790144cfduOQ3bMyohRbJIjokhDYAgNyTnGzTMwZW', '', '', 'Dieter', 'Disabled',
   'disabled@nordwind.example', '', 'Left the company', 'blend', 'german', 1, 0, '', '', '', '', '', '',
   '2019-05-20 08:00:00'),
  (4, '6a0f1c9e-3b53-4a43-9a55-0d5d4c1f0004', 4, 'norole',
   '$2y$10$2f161f0ebca0013175f84uzUGnyipfbJbdY8L5W8pDNNhmJXm.2HC',
   '$2y$10$50225ff6a97d7ae3240c8uQxKbdUAbC8H5yVaQ3Jn3KLGW4S6lysm', '', '', 'Nora', 'Norole',
   'norole@nordwind.example', '', '', 'blend', 'english', 0, 0, '', '', '', '', '', '', '2020-01-07 08:00:00');

-- The rest of the staff; nobody knows their passwords.
INSERT INTO tbladmins (id, uuid, roleid, username, password, authmodule, authdata, firstname, lastname, email,
  signature, notes, template, language, disabled, loginattempts, supportdepts, ticketnotifications, homewidgets,
  password_reset_data, hidden_widgets, widget_order, created_at)
SELECT n + 4, CONCAT('6a0f1c9e-3b53-4a43-9a55-0d5d4c1f', LPAD(n + 4, 4, '0')), ELT(1 + n % 4, 3, 5, 3, 2),
  ELT(n, 'marta', 'jonas', 'kenji', 'amira', 'piotr', 'claire', 'selin', 'tom'),
  '$2y$10$abcdefghijklmnopqrstuuuxJn9vvWFQz3mViyhdykJONfvmzR0aO', '', '',
  ELT(n, 'Marta', 'Jonas', '健二', 'أميرة', 'Piotr', 'Claire', 'Selin', 'Tom'),
  ELT(n, 'Żukowska', 'Größer', '田中', 'حداد', 'Wiśniewski', 'Lefèvre', 'Çelik', 'Baker'),
  CONCAT(ELT(n, 'marta', 'jonas', 'kenji', 'amira', 'piotr', 'claire', 'selin', 'tom'), '@nordwind.example'),
  '', '', 'blend', ELT(1 + n % 2, 'english', 'german'), 0, 0, ELT(1 + n % 3, ',1,', ',1,2,', ',3,'), '', '', '',
  '', '', '2021-01-04 08:00:00'
FROM demo_n WHERE n <= 8;

INSERT INTO tbldeviceauth (identifier, secret, user_id, is_admin, role_ids, description, created_at, deleted_at) VALUES
  ('DemoReporterIdentifier0000000001', '', 1, 1, '[]', 'Abuse reporter', '2024-04-02 10:00:00', NULL),
  ('DemoReporterIdentifier0000000002', '', 3, 1, '[]', 'Reporter of a disabled admin', '2024-04-02 10:00:00', NULL),
  ('DemoReporterIdentifier0000000003', '', 1, 1, '[]', 'Withdrawn', '2024-04-02 10:00:00', '2025-01-15 16:20:00');

INSERT INTO tblbannedips (ip, reason, expires) VALUES
  ('198.51.100.*', 'Password guessing', '2037-12-31 23:59:59');

INSERT INTO tblticketdepartments (id, name, description, email, hidden, `order`) VALUES
  (1, 'Support', 'Technical questions', 'support@nordwind.example', '', 1),
  (2, 'Billing', 'Invoices and payments', 'billing@nordwind.example', '', 2),
  (3, 'Abuse', 'Reports of abuse', 'abuse@nordwind.example', 'on', 3);

INSERT INTO tblclients (id, uuid, firstname, lastname, companyname, email, address1, address2, city, state,
  postcode, country, phonenumber, status, datecreated, created_at)
SELECT n, CONCAT('0d9c2f4e-77aa-4b1e-8f00-', LPAD(HEX(n), 12, '0')),
  ELT(1 + n % 8, 'Anna', 'Jürgen', 'Łukasz', 'さくら', 'ليلى', 'François', 'Olga', 'Ibrahim'),
  ELT(1 + CRC32(CONCAT(n, 'l')) % 9, 'Weiß', 'Nowak', '山本', 'منصور', 'Dubois', 'Smith', 'Ångström', 'García', 'Kowalczyk'),
  IF(n % 3 = 0, '', CONCAT(ELT(1 + CRC32(CONCAT(n, 'c')) % 10, 'Nordlicht', 'Blaupunkt', 'Zielony', 'Kirsch', 'Atlas', 'Kontor',
    'Sakura', 'Hafen', 'Przystań', 'Lumière'), ' ', ELT(1 + n % 6, 'GmbH', 'Sp. z o.o.', 'Ltd', 'SARL', '株式会社', 'AG'))),
  CONCAT('client', n, '@mail', n % 40, '.example'),
  CONCAT(ELT(1 + n % 5, 'Hauptstraße ', 'ul. Długa ', 'High Street ', 'Rue de l''Église ', '中央通り '), 1 + n % 120), '',
  ELT(1 + n % 6, 'Köln', 'Łódź', 'Leeds', 'Besançon', '大阪', 'القاهرة'), '', LPAD(CRC32(CONCAT(n, 'z')) % 99999, 5, '0'),
  ELT(1 + n % 6, 'DE', 'PL', 'GB', 'FR', 'JP', 'EG'), CONCAT('+49.221', LPAD(n, 6, '0')),
  ELT(1 + CRC32(CONCAT(n, 's')) % 10, 'Inactive', 'Closed', 'Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Active'),
  DATE_ADD('2019-02-12', INTERVAL n * 4 DAY), DATE_ADD('2019-02-12 09:30:00', INTERVAL n * 4 DAY)
FROM demo_n WHERE n <= 600;

INSERT INTO tblhosting (id, userid, orderid, packageid, server, regdate, domain, paymentmethod, firstpaymentamount, amount,
  billingcycle, nextduedate, nextinvoicedate, termination_date, domainstatus, username, password, notes, subscriptionid,
  promoid, suspendreason, overideautosuspend, overidesuspenduntil, dedicatedip, assignedips, ns1, ns2, diskusage, disklimit,
  lastupdate, created_at)
SELECT n, 1 + CRC32(CONCAT(n, 'u')) % 600, n, 1 + n % 7, 1 + n % 12, DATE_ADD('2019-03-01', INTERVAL n * 3 DAY),
  CONCAT(ELT(1 + CRC32(CONCAT(n, 'd')) % 12, 'nordlicht', 'hafen', 'kontor', 'zielony', 'atlas', 'sakura', 'blau', 'kirsch',
    'lumiere', 'przystan', 'garten', 'werk'), '-', ELT(1 + CRC32(CONCAT(n, 'e')) % 8, 'verlag', 'shop', 'blog', 'mail', 'studio',
    'reisen', 'logistik', 'cloud'), n, '.example'),
  'banktransfer', 0, ELT(1 + n % 7, 4.90, 9.90, 19.90, 49.00, 89.00, 149.00, 349.50),
  ELT(1 + n % 3, 'Monthly', 'Annually', 'Quarterly'), '2026-12-01', '2026-11-24',
  IF(n % 17 = 0, '2024-08-31', '0000-00-00'),
  IF(n % 17 = 0, 'Terminated', ELT(1 + CRC32(CONCAT(n, 't')) % 10, 'Suspended', 'Cancelled', 'Pending', 'Active', 'Active',
    'Active', 'Active', 'Active', 'Active', 'Active')),
  CONCAT('u', LPAD(n, 6, '0')), '', '', '', 0, '', 0, '0000-00-00',
  IF(n % 7 > 3, CONCAT('192.0.2.', 1 + n % 250), ''), '', 'ns1.nordwind.example', 'ns2.nordwind.example',
  CRC32(CONCAT(n, 'q')) % 20000, 20480, '2026-11-01 03:00:00', DATE_ADD('2019-03-01 10:00:00', INTERVAL n * 3 DAY)
FROM demo_n WHERE n <= 900;

INSERT INTO tblactivitylog (date, description, user, userid, user_id, admin_id, ipaddr)
SELECT DATE_ADD('2026-10-01 07:00:00', INTERVAL n * 90 MINUTE), CONCAT('Modified Service - Service ID: ', 1 + n % 900), 'demo',
  1 + n % 600, 0, 1, '127.0.0.1'
FROM demo_n WHERE n <= 200;

COMMIT;
DROP TEMPORARY TABLE demo_n;
