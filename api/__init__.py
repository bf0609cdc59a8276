"""What people and programs see of Ostiary: HTTP, pages and the command line. It holds no rule."""
