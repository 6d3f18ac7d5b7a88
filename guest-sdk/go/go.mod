module funcserver.example/guest

go 1.26.0
