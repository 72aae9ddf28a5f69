@rem The scripts in package.json begin with "exec", so that on Unix no shell stays between npm and the program and swallows its signals. Here it only runs the rest.
@%*
