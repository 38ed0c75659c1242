a text of more than twenty bytes
