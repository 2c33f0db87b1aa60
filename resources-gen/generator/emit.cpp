namespace generator {}
