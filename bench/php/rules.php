<?php
// What may be written of the resources that the bench writes to.
declare(strict_types=1);

const ADMIN_EXISTS = 'SELECT id FROM tbladmins WHERE id = ';

return [
    'timelogs' => [
        'kept' => ['timelog_id', 'owner_adminid'],
        'values' => ['timelog_status' => ['active', 'complete']],
        'bounds' => ['timelog_elapsed' => [0, 2147483647]],
        'references' => ['ticket_id' => 'SELECT id FROM tbltickets WHERE merged_ticket_id = 0 AND id = '],
    ],
    'actions' => [
        'kept' => ['action_id', 'project_id', 'parent_action_id', 'level_children', 'date_created',
            'date_modified', 'date_activity'],
        'values' => [
            'level_class' => ['milestone', 'group', 'task'],
            'client_visible' => ['inherit', 'hidden', 'view', 'modify'],
        ],
        'bounds' => ['action_complete' => [0, 100], 'action_priority' => [1, 3],
            'action_duration' => [0, 2147483647]],
        'references' => ['manager_adminid' => ADMIN_EXISTS, 'assigned_adminid' => ADMIN_EXISTS],
    ],
];
