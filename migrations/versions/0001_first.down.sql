drop schema sessions cascade;
drop schema directory cascade;
drop schema availability cascade;
drop schema payments cascade;
drop schema accounts cascade;
drop schema notifications cascade;
drop schema journal cascade;
drop schema core cascade;
drop extension btree_gist;
