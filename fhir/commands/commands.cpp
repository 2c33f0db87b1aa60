namespace commands {}
