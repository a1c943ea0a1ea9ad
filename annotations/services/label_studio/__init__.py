"""Label Studio and this installation kept equal: projects made, tasks sent, grades brought home, differences found."""
