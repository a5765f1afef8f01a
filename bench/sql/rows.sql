-- The bench's rows: one admin who sees everything, 20,000 projects with 3 to 8 actions each and two
-- timelogs, 2,000 tickets. The same on every machine: what varies, varies with the number of the row.
SET NAMES utf8mb4, sql_mode = '', unique_checks = 0;
START TRANSACTION;

INSERT INTO tbladminroles (id, name) VALUES (1, 'Full Administrator');
-- The password is `bench`, stored as MD5: hashing it with bcrypt at every request is what PHP would
-- have to do where the gateway remembers, and would leave nothing to compare.
INSERT INTO tbladmins (id, roleid, username, password, firstname, lastname, email, supportdepts, disabled)
VALUES (1, 1, 'bench', MD5('bench'), 'Bench', 'Admin', 'bench@example.com', ',1,', 0);
INSERT INTO tbladdonmodules (module, setting, value) VALUES
  ('wbteampro', 'version', '4.0.0'), ('wbteampro', 'access', '1'), ('wbteampro', 'api_active', 'on'),
  ('wbteampro', 'admin_super_roles', '1');
INSERT INTO tblconfiguration (setting, value) VALUES
  ('InvalidLoginBanLength', '15'), ('CompanyName', 'Bench'), ('Charset', 'utf-8');

INSERT INTO tblclients (id, firstname, lastname, companyname, email, country, status, datecreated)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 400)
SELECT i, 'Client', CONCAT('No. ', i), CONCAT('Company ', i, ' GmbH'),
       CONCAT('client', i, '@example.com'), 'DE', 'Active', '2021-01-01'
FROM n;

SET max_recursive_iterations = 1000000;

INSERT INTO tbladdon_wbteampro_project
  (project_id, project_name, project_detail, project_notes, project_type, project_status,
   project_function, project_complete, client_userid, manager_adminid, assigned_adminid,
   owner_adminid, visible_status, client_visible, billable, date_start, date_finish, date_created,
   date_modified, date_activity)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT i,
       CONCAT(ELT(1 + i % 5, 'Website relaunch', 'Server migration', 'Shop for Müller & Söhne',
                  'Mail move', 'Návrh loga'), ' #', i),
       REPEAT('We move the shop, its database and its mail. Old links must go on working. ', 1 + i % 4),
       IF(i % 3 = 0, 'The client prefers to be called after 14:00.', ''),
       ELT(1 + i % 3, 'Web', 'Hosting', 'Design'),
       ELT(1 + i % 5, 'Active', 'In Production', 'Completed', 'Cancelled', 'Paused'),
       'default', i % 101, 1 + (i - 1) % 400, 1, i % 2, 1, 'all', 'visible', i % 2,
       DATE_ADD('2024-01-01', INTERVAL i % 700 DAY),
       IF(i % 4 = 0, '0000-00-00', DATE_ADD('2024-03-01', INTERVAL i % 700 DAY)),
       DATE_ADD('2024-01-01 08:00:00', INTERVAL i * 37 MINUTE),
       DATE_ADD('2024-01-02 08:00:00', INTERVAL i * 37 MINUTE),
       DATE_ADD('2024-01-03 08:00:00', INTERVAL i * 37 MINUTE)
FROM n;

INSERT INTO tbladdon_wbteampro_action
  (project_id, parent_action_id, level_children, level_class, ordering, action_name, action_detail,
   action_notes, action_type, action_status, action_priority, action_complete, action_duration,
   manager_adminid, assigned_adminid, client_visible, billable, date_start, date_finish,
   date_created, date_modified, date_activity)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 8)
SELECT p.project_id, 0, 0, 'task', n.i,
       CONCAT(ELT(n.i, 'Plan', 'Copy the data', 'Change DNS', 'Test', 'Train', 'Invoice', 'Watch',
                  'Close'), ' (', p.project_id, ')'),
       REPEAT('Ask the client first, then write down what was agreed. ', 1 + (p.project_id + n.i) % 3),
       '', 'Task', ELT(1 + (p.project_id + n.i) % 3, 'Active', 'Completed', 'Paused'), 1 + n.i % 3,
       (p.project_id * n.i) % 101, 3600 * n.i, 1, n.i % 2, 'inherit', 1, p.date_start, p.date_finish,
       p.date_created, p.date_modified, p.date_activity
FROM tbladdon_wbteampro_project AS p JOIN n ON n.i <= 3 + p.project_id % 6
ORDER BY p.project_id, n.i;

INSERT INTO tbladdon_wbteampro_timelog
  (project_id, action_id, owner_adminid, timelog_note, timelog_type, timelog_status, timelog_start,
   timelog_stop, timelog_elapsed, timelog_billable, invoice_id)
SELECT project_id, action_id, 1, 'Done as agreed.', 'Work', 'complete', date_created,
       DATE_ADD(date_created, INTERVAL 45 MINUTE), 2700, 1, 0
FROM tbladdon_wbteampro_action
WHERE ordering <= 2;

INSERT INTO tbltickets
  (id, tid, did, userid, contactid, name, email, cc, c, date, title, message, status, urgency, admin, attachment,
   lastreply, flag, clientunread, adminunread, replyingadmin, replyingtime, service)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
SELECT i, LPAD(i * 7919 % 1000000, 6, '0'), 1, 1 + i % 400, 0, '', '', '', LEFT(MD5(i), 8),
       DATE_ADD('2024-01-01 09:00:00', INTERVAL i * 7 HOUR), CONCAT('Mail does not arrive #', i),
       REPEAT('Since yesterday nothing arrives from outside. ', 1 + i % 5), 'Open', 'Medium', '', '',
       DATE_ADD('2024-01-01 10:00:00', INTERVAL i * 7 HOUR), 0, 0, '', 0, '0000-00-00 00:00:00', ''
FROM n;

-- Who reports abuse, and of what.
INSERT INTO tbldeviceauth (identifier, secret, user_id, is_admin, role_ids, description) VALUES
  ('BenchReporterIdentifier000000001', '', 1, 1, '[]', 'Reporter');
INSERT INTO tblhosting (id, userid, packageid, domain, domainstatus, dedicatedip)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
SELECT i, 1 + i % 400, 1, CONCAT('site', i, '.example.com'), 'Active', IF(i % 2 = 0, CONCAT('192.0.2.', 1 + i % 250), '')
FROM n;

COMMIT;
ANALYZE TABLE tbladdon_wbteampro_project, tbladdon_wbteampro_action, tbladdon_wbteampro_timelog, tbltickets;
